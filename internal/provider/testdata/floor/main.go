// Floor is a provider that does nothing, in the shape of the real one: as many
// objects and attributes of the same types, the logs off in the same way. It
// reads no configuration, checks nothing and answers with a constant. What a plan
// costs with it is what Terraform and the plugin framework cost;
// internal/cmd/planbench measures the real provider against it.
package main

import (
	"context"
	"log"
	"maps"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dsschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func main() {
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_EQUINIX_OAUTH2"} {
		if err := os.Setenv(name, "off"); err != nil {
			log.Fatal(err)
		}
	}
	err := providerserver.Serve(context.Background(), func() provider.Provider { return floor{} }, providerserver.ServeOpts{
		Address: "registry.terraform.io/equinix-community/equinix-oauth2",
	})
	if err != nil {
		log.Fatal(err)
	}
}

type floor struct{}

func (floor) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "equinix"
}

func (floor) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"endpoint":               schema.StringAttribute{Optional: true},
		"client_id":              schema.StringAttribute{Optional: true},
		"client_secret":          schema.StringAttribute{Optional: true, Sensitive: true},
		"config_file":            schema.StringAttribute{Optional: true},
		"request_timeout":        schema.Int64Attribute{Optional: true},
		"max_retries":            schema.Int64Attribute{Optional: true},
		"max_retry_wait_seconds": schema.Int64Attribute{Optional: true},
		"lockout_protection":     schema.BoolAttribute{Optional: true},
	}}
}

func (floor) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (floor) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return floorEphemeral{} }}
}

func (floor) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return floorDataSource{} }}
}

func (floor) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return floorFunction{} }}
}

func (floor) Resources(context.Context) []func() resource.Resource { return nil }

// token is what every open and read returns: as long as a real token, so that
// Terraform has the same work with it.
var token = map[string]tftypes.Value{
	"grant_type":      tftypes.NewValue(tftypes.String, "client_credentials"),
	"access_token":    tftypes.NewValue(tftypes.String, "mock-ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
	"expiry":          tftypes.NewValue(tftypes.String, "2100-01-01T00:00:00Z"),
	"token_type":      tftypes.NewValue(tftypes.String, "Bearer"),
	"token_timeout":   tftypes.NewValue(tftypes.Number, 3599),
	"token_user_name": tftypes.NewValue(tftypes.String, "mock-user"),
	"response_body":   tftypes.NewValue(tftypes.String, `{"access_token":"mock-ABCDEFGHIJKLMNOPQRSTUVWXYZ","token_timeout":"3599","token_type":"Bearer","user_name":"mock-user"}`),
}

// fill puts the token into a copy of a configuration.
func fill(object *tftypes.Value) (diags diag.Diagnostics) {
	attributes := map[string]tftypes.Value{}
	if err := object.As(&attributes); err != nil {
		diags.AddError("The configuration is no object", err.Error())
		return diags
	}
	maps.Copy(attributes, token)
	return nil
}

type floorEphemeral struct{}

func (floorEphemeral) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "equinix_oauth2_access_token"
}

func (floorEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = ephschema.Schema{Attributes: map[string]ephschema.Attribute{
		"client_id":             ephschema.StringAttribute{Optional: true},
		"client_secret":         ephschema.StringAttribute{Optional: true, Sensitive: true},
		"grant_type":            ephschema.StringAttribute{Optional: true, Computed: true},
		"user_name":             ephschema.StringAttribute{Optional: true},
		"user_password":         ephschema.StringAttribute{Optional: true, Sensitive: true},
		"password_encoding":     ephschema.StringAttribute{Optional: true},
		"additional_properties": ephschema.StringAttribute{Optional: true, Sensitive: true},
		"request":               ephschema.StringAttribute{Optional: true, Sensitive: true},
		"access_token":          ephschema.StringAttribute{Computed: true, Sensitive: true},
		"expiry":                ephschema.StringAttribute{Computed: true, Sensitive: true},
		"token_type":            ephschema.StringAttribute{Computed: true},
		"token_timeout":         ephschema.Int64Attribute{Computed: true},
		"token_user_name":       ephschema.StringAttribute{Computed: true},
		"refresh_token":         ephschema.StringAttribute{Computed: true, Sensitive: true},
		"refresh_token_timeout": ephschema.Int64Attribute{Computed: true},
		"response_body":         ephschema.StringAttribute{Computed: true, Sensitive: true},
	}}
}

func (floorEphemeral) Open(_ context.Context, _ ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	resp.Diagnostics.Append(fill(&resp.Result.Raw)...)
}

type floorDataSource struct{}

func (floorDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "equinix_oauth2_access_token"
}

func (floorDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = dsschema.Schema{Attributes: map[string]dsschema.Attribute{
		"client_id":             dsschema.StringAttribute{Optional: true},
		"client_secret":         dsschema.StringAttribute{Optional: true, Sensitive: true},
		"grant_type":            dsschema.StringAttribute{Optional: true, Computed: true},
		"user_name":             dsschema.StringAttribute{Optional: true},
		"user_password":         dsschema.StringAttribute{Optional: true, Sensitive: true},
		"password_encoding":     dsschema.StringAttribute{Optional: true},
		"additional_properties": dsschema.StringAttribute{Optional: true, Sensitive: true},
		"request":               dsschema.StringAttribute{Optional: true, Sensitive: true},
		"access_token":          dsschema.StringAttribute{Computed: true, Sensitive: true},
		"expiry":                dsschema.StringAttribute{Computed: true, Sensitive: true},
		"token_type":            dsschema.StringAttribute{Computed: true},
		"token_timeout":         dsschema.Int64Attribute{Computed: true},
		"token_user_name":       dsschema.StringAttribute{Computed: true},
		"refresh_token":         dsschema.StringAttribute{Computed: true, Sensitive: true},
		"refresh_token_timeout": dsschema.Int64Attribute{Computed: true},
		"response_body":         dsschema.StringAttribute{Computed: true, Sensitive: true},
	}}
}

func (floorDataSource) Read(_ context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	resp.Diagnostics.Append(fill(&resp.State.Raw)...)
}

type floorFunction struct{}

func (floorFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "md5_b64"
}

func (floorFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Parameters: []function.Parameter{function.StringParameter{Name: "password"}},
		Return:     function.StringReturn{},
	}
}

func (floorFunction) Run(ctx context.Context, _ function.RunRequest, resp *function.RunResponse) {
	resp.Error = resp.Result.Set(ctx, "")
}
