package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// accessTokenDataSource is the data source equinix_oauth2_access_token.
type accessTokenDataSource struct{ issuer *tokenIssuer }

var (
	_ datasource.DataSourceWithConfigure      = &accessTokenDataSource{}
	_ datasource.DataSourceWithValidateConfig = &accessTokenDataSource{}
)

func newAccessTokenDataSource() datasource.DataSource { return &accessTokenDataSource{} }

func (d *accessTokenDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + accessTokenTypeName
}

func (d *accessTokenDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An Equinix OAuth2 access token that is **stored in the state, and in saved plans, in clear text**. Prefer the ephemeral resource of the same name wherever an ephemeral value is accepted. Of the arguments, `client_secret`, `user_password`, `additional_properties` and `request` are not stored.",
		Attributes:          accessTokenAttributes(),
	}
}

func (d *accessTokenDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.issuer, _ = req.ProviderData.(*tokenIssuer)
}

func (d *accessTokenDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	resp.Diagnostics.Append(validateAccessToken(ctx, req.Config.Raw)...)
}

func (d *accessTokenDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessTokenModel
	resp.Diagnostics.Append(model.read(ctx, req.Config.Raw)...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, unknown, diags := d.issuer.issue(ctx, &model)
	if unknown && req.ClientCapabilities.DeferralAllowed {
		resp.State.Raw = tftypes.NewValue(resp.State.Schema.Type().TerraformType(ctx), tftypes.UnknownValue)
		resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
		return
	}
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Of all secrets, only the token is stored.
	model.ClientSecret = types.StringNull()
	model.UserPassword = types.StringNull()
	model.AdditionalProperties = types.StringNull()
	model.Request = types.StringNull()
	resp.Diagnostics.Append(model.write(ctx, &resp.State.Raw)...)
}
