package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
)

// accessTokenEphemeral is the ephemeral resource equinix_oauth2_access_token.
// There is nothing to close: a token ends with its lifetime.
type accessTokenEphemeral struct{ issuer *tokenIssuer }

var (
	_ ephemeral.EphemeralResourceWithConfigure      = &accessTokenEphemeral{}
	_ ephemeral.EphemeralResourceWithValidateConfig = &accessTokenEphemeral{}
	_ ephemeral.EphemeralResourceWithRenew          = &accessTokenEphemeral{}
)

func newAccessTokenEphemeral() ephemeral.EphemeralResource { return &accessTokenEphemeral{} }

func (e *accessTokenEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + accessTokenTypeName
}

func (e *accessTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An Equinix OAuth2 access token that is never stored, neither in a plan nor in the state. One request serves all blocks with the same credentials in a run of plan or apply.",
		Attributes:          ephemeralAttributes(accessTokenAttributes()),
	}
}

func (e *accessTokenEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	e.issuer, _ = req.ProviderData.(*tokenIssuer)
}

func (e *accessTokenEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	resp.Diagnostics.Append(validateAccessToken(ctx, req.Config.Raw)...)
}

func (e *accessTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model accessTokenModel
	resp.Diagnostics.Append(model.read(ctx, req.Config.Raw)...)
	if resp.Diagnostics.HasError() {
		return
	}
	expiry, _, diags := e.issuer.issue(ctx, &model)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.RenewAt = expiry
	resp.Diagnostics.Append(model.write(ctx, &resp.Result.Raw)...)
}

// Renew cannot give Terraform another token. An error would make work fail that
// is done, so it warns.
func (e *accessTokenEphemeral) Renew(_ context.Context, _ ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	resp.Diagnostics.AddWarning(summaryExpired, "The Equinix access token of this run has expired, and Terraform cannot replace it inside a run. Requests that are still made with it fail with HTTP 401. Run again: a new run obtains a new token. Split configurations whose runs take longer than a token lives (an hour).")
}
