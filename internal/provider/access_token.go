package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	dsschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	ephschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken"
	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/credentials"
)

// accessTokenTypeName is the type name, after the provider's own, of the
// ephemeral resource and the data source.
const accessTokenTypeName = "_oauth2_access_token"

// accessTokenModel is the ephemeral resource and the data source: the arguments
// and what is known of the token. fields says which attribute each field is.
type accessTokenModel struct {
	ClientID             types.String
	ClientSecret         types.String
	GrantType            types.String
	UserName             types.String
	UserPassword         types.String
	PasswordEncoding     types.String
	AdditionalProperties types.String
	Request              types.String

	AccessToken         types.String
	Expiry              types.String
	TokenType           types.String
	TokenTimeout        types.Int64
	TokenUserName       types.String
	RefreshToken        types.String
	RefreshTokenTimeout types.Int64
	ResponseBody        types.String
}

// modelField is a field of the model with the name of its attribute.
type modelField struct {
	name  string
	value attr.Value // *types.String or *types.Int64
}

// fields is the mapping between attributes and model. The framework could find it
// in struct tags, but compiles a regular expression for each of them in each
// call: in a large plan that is a fifth of the provider's work.
func (m *accessTokenModel) fields() []modelField {
	return []modelField{
		{accesstoken.ClientID, &m.ClientID},
		{accesstoken.ClientSecret, &m.ClientSecret},
		{accesstoken.GrantType, &m.GrantType},
		{accesstoken.UserName, &m.UserName},
		{accesstoken.UserPassword, &m.UserPassword},
		{accesstoken.PasswordEncoding, &m.PasswordEncoding},
		{accesstoken.AdditionalProperties, &m.AdditionalProperties},
		{accesstoken.RequestJSON, &m.Request},

		{"access_token", &m.AccessToken},
		{"expiry", &m.Expiry},
		{"token_type", &m.TokenType},
		{"token_timeout", &m.TokenTimeout},
		{"token_user_name", &m.TokenUserName},
		{"refresh_token", &m.RefreshToken},
		{"refresh_token_timeout", &m.RefreshTokenTimeout},
		{"response_body", &m.ResponseBody},
	}
}

// read sets the model to a configuration.
func (m *accessTokenModel) read(ctx context.Context, configuration tftypes.Value) diag.Diagnostics {
	var attributes map[string]tftypes.Value
	if err := configuration.As(&attributes); err != nil {
		return schemaMismatch(err)
	}
	for _, field := range m.fields() {
		value, err := field.value.Type(ctx).ValueFromTerraform(ctx, attributes[field.name])
		if err != nil {
			return schemaMismatch(err)
		}
		switch target := field.value.(type) {
		case *types.String:
			*target, _ = value.(types.String)
		case *types.Int64:
			*target, _ = value.(types.Int64)
		}
	}
	return nil
}

// write sets an object, which keeps its type, to the model.
func (m *accessTokenModel) write(ctx context.Context, object *tftypes.Value) diag.Diagnostics {
	fields := m.fields()
	attributes := make(map[string]tftypes.Value, len(fields))
	for _, field := range fields {
		value, err := field.value.ToTerraformValue(ctx)
		if err != nil {
			return schemaMismatch(err)
		}
		attributes[field.name] = value
	}
	if err := tftypes.ValidateValue(object.Type(), attributes); err != nil {
		return schemaMismatch(err)
	}
	*object = tftypes.NewValue(object.Type(), attributes)
	return nil
}

// schemaMismatch says that model and schema do not fit together, which tests
// find before anyone else does.
func schemaMismatch(err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewErrorDiagnostic("The provider does not fit its schema", err.Error())}
}

// accessTokenAttributes are the attributes of both kinds; ephemeralAttributes
// converts them for the ephemeral resource.
//
// Secret arguments have no validators and no DeprecationMessage: Terraform shows
// the value of an attribute that a diagnostic points to.
func accessTokenAttributes() map[string]dsschema.Attribute {
	return map[string]dsschema.Attribute{
		accesstoken.ClientID: dsschema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Client ID; the portal calls it Consumer Key, under My Apps. Set `client_secret` with it. Without both, here or in `request`, the provider's credentials are used.",
		},
		accesstoken.ClientSecret: dsschema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Client secret (Consumer Secret) that belongs to `client_id`.",
		},
		accesstoken.GrantType: dsschema.StringAttribute{
			Optional:            true,
			Computed:            true,
			MarkdownDescription: "OAuth2 grant type: `" + accesstoken.GrantClientCredentials + "` or `" + accesstoken.GrantPassword + "` (retired by Equinix on 2025-01-07). Defaults to `" + accesstoken.GrantPassword + "` when `user_name` or `user_password` is set, else to `" + accesstoken.GrantClientCredentials + "`. It is always sent, and shows what was used.",
		},
		accesstoken.UserName: dsschema.StringAttribute{
			Optional:            true,
			DeprecationMessage:  "Equinix retired the password grant on 2025-01-07. Leave out user_name and user_password.",
			MarkdownDescription: "Equinix user name, for the password grant; set `user_password` with it. Equinix retired the password grant on 2025-01-07.",
		},
		accesstoken.UserPassword: dsschema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Password of `user_name`, for the password grant, in the form that `password_encoding` says. Deprecated: Equinix retired the password grant on 2025-01-07.",
		},
		accesstoken.PasswordEncoding: dsschema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What `user_password` is: `" + accesstoken.EncodingNone + "`, the password itself (the API's default), or `" + accesstoken.EncodingMD5B64 + "`, the base64 of its raw MD5, as `provider::equinix::md5_b64` makes it. The API takes any other value for `" + accesstoken.EncodingNone + "`.",
		},
		accesstoken.AdditionalProperties: dsschema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "JSON object of further properties to send, as `jsonencode({...})` makes it. It goes over `request`, and must not repeat a field that has an argument of its own.",
		},
		accesstoken.RequestJSON: dsschema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "The whole request as a JSON object, as `jsonencode({...})` makes it. The other arguments go over its members. With `client_id` and `client_secret` in it, nothing else is needed.",
		},
		"access_token": dsschema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: "The access token, valid until `expiry`. Send it as `Authorization: Bearer ...`.",
		},
		"expiry": dsschema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: "When the token expires, RFC 3339 in UTC: the time before the request was sent plus `token_timeout`, or plus one hour when the response states none.",
		},
		"token_type": dsschema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Type of the token as the response states it: `Bearer`; null if it states none.",
		},
		"token_timeout": dsschema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Lifetime of the token in seconds, as the response states it, such as `3599`; null if it states none that can be read.",
		},
		"token_user_name": dsschema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "User name of the account that the token belongs to: `user_name` of the response; null if it has none.",
		},
		"refresh_token": dsschema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: "Refresh token; null but with the password grant.",
		},
		"refresh_token_timeout": dsschema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Lifetime of the refresh token in seconds, such as `5182560`; null but with the password grant.",
		},
		"response_body": dsschema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: "The response as received, a JSON object, for fields that have no attribute here: `jsondecode(...)` reads it.",
		},
	}
}

// ephemeralAttributes converts attributes of a data source. The structs have the
// same fields; where they ever differ, this does not compile.
func ephemeralAttributes(attributes map[string]dsschema.Attribute) map[string]ephschema.Attribute {
	converted := make(map[string]ephschema.Attribute, len(attributes))
	for name, attribute := range attributes {
		switch attribute := attribute.(type) {
		case dsschema.StringAttribute:
			converted[name] = ephschema.StringAttribute(attribute)
		case dsschema.Int64Attribute:
			converted[name] = ephschema.Int64Attribute(attribute)
		default:
			panic(fmt.Sprintf("attribute %s has a type without conversion: %T", name, attribute))
		}
	}
	return converted
}

func (m *accessTokenModel) arguments() accesstoken.Arguments {
	return accesstoken.Arguments{
		accesstoken.ClientID:             argument(m.ClientID),
		accesstoken.ClientSecret:         argument(m.ClientSecret),
		accesstoken.GrantType:            argument(m.GrantType),
		accesstoken.UserName:             argument(m.UserName),
		accesstoken.UserPassword:         argument(m.UserPassword),
		accesstoken.PasswordEncoding:     argument(m.PasswordEncoding),
		accesstoken.AdditionalProperties: argument(m.AdditionalProperties),
		accesstoken.RequestJSON:          argument(m.Request),
	}
}

func argument(value types.String) accesstoken.Argument {
	return accesstoken.Argument{Value: value.ValueString(), Set: !value.IsNull(), Unknown: value.IsUnknown()}
}

// validateAccessToken returns the mistakes and warnings of a configuration that
// need no request to be found.
func validateAccessToken(ctx context.Context, configuration tftypes.Value) diag.Diagnostics {
	var model accessTokenModel
	if diags := model.read(ctx, configuration); diags.HasError() {
		return diags
	}
	return problemDiagnostics(accesstoken.Merge(model.arguments()).Problems())
}

// fill sets the attributes from a token and the request that it answers. What
// the response lacks becomes null.
func (m *accessTokenModel) fill(request accesstoken.Request, token accesstoken.Token) {
	m.GrantType = types.StringValue(request.GrantType())
	m.AccessToken = types.StringValue(token.AccessToken)
	m.Expiry = types.StringValue(token.Expiry.UTC().Format(time.RFC3339))
	m.TokenType = textOrNull(token.Type)
	m.TokenTimeout = secondsOrNull(token.Timeout)
	m.TokenUserName = textOrNull(token.UserName)
	m.RefreshToken = textOrNull(token.RefreshToken)
	m.RefreshTokenTimeout = secondsOrNull(token.RefreshTokenTimeout)
	m.ResponseBody = types.StringValue(token.ResponseBody)
}

func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

func secondsOrNull(duration time.Duration) types.Int64 {
	if duration == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(duration / time.Second))
}

// tokenIssuer is what Configure hands to the ephemeral resource and the data
// source.
type tokenIssuer struct {
	endpoint accesstoken.Endpoint
	// unknown names a provider argument that is not known yet; empty when there is
	// none.
	unknown     string
	credentials func() (credentials.Pair, error)
	tokens      accesstoken.Source
}

// issue obtains the token for a configuration, with its expiry. It checks the
// arguments again: at plan time, values from variables reach only this check
// with their place in the configuration. unknown says that the diagnostics come of
// a provider block that is not known well enough, so that a data source can be
// deferred.
func (i *tokenIssuer) issue(ctx context.Context, model *accessTokenModel) (expiry time.Time, unknown bool, diags diag.Diagnostics) {
	payload := accesstoken.Merge(model.arguments())
	mistakes := slices.DeleteFunc(slices.Clone(payload.Problems()), func(p accesstoken.Problem) bool { return p.Warning })
	if diags = problemDiagnostics(mistakes); diags.HasError() {
		return time.Time{}, false, diags
	}
	if i.unknown != "" {
		diags.AddError(summaryUnknown, "The provider argument "+i.unknown+" depends on something that is known only after apply, and a token is needed now. Give it a value that is known at plan time. No request was sent.")
		return time.Time{}, true, diags
	}
	pair := credentials.Pair{Source: "the block itself"}
	if !payload.HasCredentials() {
		var err error
		if pair, err = i.credentials(); err != nil {
			unknown, diags = credentialsDiagnostics(err)
			return time.Time{}, unknown, diags
		}
	}
	request, err := accesstoken.NewRequest(i.endpoint, payload, pair.ClientID, pair.ClientSecret)
	if err != nil {
		diags.AddError("The token request cannot be made", err.Error())
		return time.Time{}, false, diags
	}
	token, err := i.tokens.Token(ctx, request)
	if err != nil {
		diags.Append(tokenDiagnostic(err, request, pair.Source))
		return time.Time{}, false, diags
	}
	model.fill(request, token)
	return token.Expiry, false, diags
}
