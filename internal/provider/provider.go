// Package provider is the Terraform provider: it turns configurations into
// requests for the package accesstoken, and tokens and errors back into what
// Terraform shows. It holds all of the project's Terraform code.
package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken"
	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/credentials"
)

// The environment variables that stand in for provider arguments.
const (
	envEndpoint          = "EQUINIX_API_ENDPOINT"
	envRequestTimeout    = "EQUINIX_API_TIMEOUT"
	envLockoutProtection = "EQUINIX_LOCKOUT_PROTECTION"
)

// The limits and defaults of the provider arguments, in seconds and retries.
const (
	defaultRequestTimeout = 30
	defaultMaxRetryWait   = 30
	maxSeconds            = 3600
)

// productName names the provider to the endpoint, and its folder in the user's
// cache folder.
const productName = "terraform-provider-equinix-oauth2"

// equinixProvider is the provider "equinix". It has the type name of the
// official provider, as google-beta has that of google, so that the names of its
// objects begin with equinix_.
type equinixProvider struct {
	version     string
	interrupted <-chan struct{}
}

var (
	_ provider.ProviderWithEphemeralResources = &equinixProvider{}
	_ provider.ProviderWithFunctions          = &equinixProvider{}
)

// New returns a factory of providers of that version, as the framework takes it.
// They obtain no more tokens once interrupted is closed; a nil channel means never.
func New(version string, interrupted <-chan struct{}) func() provider.Provider {
	return func() provider.Provider { return &equinixProvider{version: version, interrupted: interrupted} }
}

// providerModel is the provider block.
type providerModel struct {
	Endpoint            types.String `tfsdk:"endpoint"`
	ClientID            types.String `tfsdk:"client_id"`
	ClientSecret        types.String `tfsdk:"client_secret"`
	ConfigFile          types.String `tfsdk:"config_file"`
	RequestTimeout      types.Int64  `tfsdk:"request_timeout"`
	MaxRetries          types.Int64  `tfsdk:"max_retries"`
	MaxRetryWaitSeconds types.Int64  `tfsdk:"max_retry_wait_seconds"`
	LockoutProtection   types.Bool   `tfsdk:"lockout_protection"`
}

func (p *equinixProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "equinix"
	resp.Version = p.version
}

func (p *equinixProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Obtains [Equinix OAuth2 access tokens](https://developer.equinix.com/catalog/accesstokenv1) for other providers, and keeps the account behind them from being locked.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Base URL of the Equinix API. It must be `https`; `http` is allowed for loopback hosts. A path prefix is fine. Defaults to the environment variable `" + envEndpoint + "`, else to `" + accesstoken.DefaultEndpoint + "`. The sandbox is `https://sandboxapi.equinix.com`.",
				Validators:          []validator.String{endpointValidator{}},
			},
			accesstoken.ClientID: schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Client ID (the portal calls it Consumer Key) for every token whose block has no credentials of its own. Set `client_secret` with it. Without both, the environment variables `" + credentials.EnvAPIClientID + "` and `" + credentials.EnvAPIClientSecret + "` are used, else `" + credentials.EnvCLIClientID + "` and `" + credentials.EnvCLIClientSecret + "`, else `config_file`.",
			},
			accesstoken.ClientSecret: schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Client secret (Consumer Secret) that belongs to `client_id`.",
			},
			"config_file": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Path of an Equinix CLI configuration file (YAML), whose `equinix_client_id` and `equinix_client_secret` are used when no other source has credentials. Defaults to `" + credentials.DefaultConfigFile + "`, which need not exist.",
			},
			"request_timeout": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("Time in seconds that one attempt may take, from connecting to the last byte of the response; from 1 to %d. Defaults to the environment variable `%s`, else to %d.", maxSeconds, envRequestTimeout, defaultRequestTimeout),
				Validators:          []validator.Int64{int64validator.Between(1, maxSeconds)},
			},
			"max_retries": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("How often an attempt is repeated that the endpoint did not judge (no connection, HTTP 429, 502 or 503); from 0 to %[1]d. One that it may have judged (HTTP 408, 500 or 504, or no answer) is repeated at most once, and a rejection never. Defaults to %[1]d.", accesstoken.MaxRetries),
				Validators:          []validator.Int64{int64validator.Between(0, accesstoken.MaxRetries)},
			},
			"max_retry_wait_seconds": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("Longest pause in seconds before a repeated attempt, also when the endpoint's `Retry-After` asks for more; from 0 to %d. Defaults to %d.", maxSeconds, defaultMaxRetryWait),
				Validators:          []validator.Int64{int64validator.Between(0, maxSeconds)},
			},
			"lockout_protection": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether rejections are remembered across runs, in the folder `" + productName + "` of the user's cache folder, so that repeated and concurrent runs do not lock the account. The files hold counts, times, keyed hashes and what the API said, no secret. With `false` each provider configuration of a run remembers for itself alone. Defaults to the environment variable `" + envLockoutProtection + "`, else to `true`.",
			},
		},
	}
}

// Configure wires what a token passes through; the package accesstoken tells its
// way. It makes no request and looks for no credentials: a configuration that
// uses no token needs none.
func (p *equinixProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	settings := model.settings(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	client := accesstoken.NewClient(p.userAgent(req.TerraformVersion), settings.requestTimeout)
	retrier := accesstoken.NewRetrier(client, settings.maxRetries, settings.maxRetryWait)
	guard := accesstoken.NewLockoutGuard(retrier, settings.recordFolder)
	issuer := &tokenIssuer{
		endpoint:    settings.endpoint,
		unknown:     model.unknown(),
		credentials: sync.OnceValues(model.credentialSources().Find),
		tokens:      accesstoken.NewCache(guard, p.interrupted),
	}
	resp.DataSourceData = issuer
	resp.EphemeralResourceData = issuer
}

// settings are the provider arguments and their environment variables, resolved.
type settings struct {
	endpoint       accesstoken.Endpoint
	requestTimeout time.Duration
	maxRetries     int
	maxRetryWait   time.Duration
	recordFolder   string
}

func (m providerModel) settings(ctx context.Context, diags *diag.Diagnostics) settings {
	resolved := settings{
		requestTimeout: defaultRequestTimeout * time.Second,
		maxRetries:     accesstoken.MaxRetries,
		maxRetryWait:   defaultMaxRetryWait * time.Second,
	}
	switch address := os.Getenv(envEndpoint); {
	case m.Endpoint.IsUnknown():
	case !m.Endpoint.IsNull():
		resolved.endpoint = parseEndpointArgument(m.Endpoint.ValueString(), diags)
	case address != "":
		endpoint, err := accesstoken.ParseEndpoint(address)
		if err != nil {
			diags.AddError(summaryBadVariable, fmt.Sprintf("The environment variable %s is not a usable endpoint: %s.", envEndpoint, err))
		}
		resolved.endpoint = endpoint
	default:
		endpoint, err := accesstoken.ParseEndpoint(accesstoken.DefaultEndpoint)
		if err != nil {
			panic(err) // a constant
		}
		resolved.endpoint = endpoint
	}
	if text := os.Getenv(envRequestTimeout); !m.RequestTimeout.IsNull() {
		resolved.requestTimeout = time.Duration(m.RequestTimeout.ValueInt64()) * time.Second
	} else if text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 || seconds > maxSeconds {
			diags.AddError(summaryBadVariable, fmt.Sprintf("The environment variable %s must be a whole number of seconds from 1 to %d.", envRequestTimeout, maxSeconds))
		}
		resolved.requestTimeout = time.Duration(seconds) * time.Second
	}
	if !m.MaxRetries.IsNull() {
		resolved.maxRetries = int(m.MaxRetries.ValueInt64())
	}
	if !m.MaxRetryWaitSeconds.IsNull() {
		resolved.maxRetryWait = time.Duration(m.MaxRetryWaitSeconds.ValueInt64()) * time.Second
	}
	protect := true
	if text := os.Getenv(envLockoutProtection); !m.LockoutProtection.IsNull() {
		protect = m.LockoutProtection.ValueBool()
	} else if text != "" {
		var err error
		if protect, err = strconv.ParseBool(text); err != nil {
			diags.AddError(summaryBadVariable, fmt.Sprintf("The environment variable %s must be true or false.", envLockoutProtection))
		}
	}
	if protect {
		cache, err := os.UserCacheDir()
		if err != nil {
			tflog.Debug(ctx, "The lockout guard finds no cache folder and remembers for this process alone", map[string]any{"error": err.Error()})
		} else {
			resolved.recordFolder = filepath.Join(cache, productName)
		}
	}
	return resolved
}

// unknown returns the name of an argument, other than the credentials, that is
// not known yet; empty when all are.
func (m providerModel) unknown() string {
	for _, argument := range []struct {
		name  string
		value attr.Value
	}{
		{"endpoint", m.Endpoint},
		{"request_timeout", m.RequestTimeout},
		{"max_retries", m.MaxRetries},
		{"max_retry_wait_seconds", m.MaxRetryWaitSeconds},
		{"lockout_protection", m.LockoutProtection},
	} {
		if argument.value.IsUnknown() {
			return argument.name
		}
	}
	return ""
}

func (m providerModel) credentialSources() credentials.Sources {
	return credentials.Sources{
		ClientID:     credentials.Argument(argument(m.ClientID)),
		ClientSecret: credentials.Argument(argument(m.ClientSecret)),
		ConfigFile:   credentials.Argument(argument(m.ConfigFile)),
		Check:        accesstoken.CheckText,
	}
}

// userAgent names the provider, the CLI and what TF_APPEND_USER_AGENT adds.
func (p *equinixProvider) userAgent(terraformVersion string) string {
	agent := productName + "/" + p.version + " Terraform/" + terraformVersion + " " + os.Getenv("TF_APPEND_USER_AGENT")
	printable := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, agent)
	return strings.TrimSpace(printable)
}

func (p *equinixProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newAccessTokenEphemeral}
}

func (p *equinixProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newAccessTokenDataSource}
}

func (p *equinixProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newMD5B64Function}
}

// Resources returns none: a token is no thing to be managed.
func (p *equinixProvider) Resources(context.Context) []func() resource.Resource { return nil }

// endpointValidator checks the endpoint before the provider is configured.
type endpointValidator struct{}

func (endpointValidator) Description(context.Context) string {
	return "value must be a base URL with https, or http for a loopback host"
}

func (v endpointValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (endpointValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() {
		parseEndpointArgument(req.ConfigValue.ValueString(), &resp.Diagnostics)
	}
}

func parseEndpointArgument(text string, diags *diag.Diagnostics) accesstoken.Endpoint {
	endpoint, err := accesstoken.ParseEndpoint(text)
	if err != nil {
		addArgumentError(diags, path.Root("endpoint"), errors.Is(err, accesstoken.ErrEndpointUserInfo),
			"endpoint is not usable", fmt.Sprintf("The provider argument endpoint is not usable: %s.", err))
	}
	return endpoint
}
