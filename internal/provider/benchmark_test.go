package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

func BenchmarkEphemeralAttributes(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ephemeralAttributes(accessTokenAttributes())
	}
}

// BenchmarkAccessToken measures what each consumer of a token costs in the
// provider, spoken to as the CLI does but without the network between them. All
// but the first consumer of a process find the token in the cache.
func BenchmarkAccessToken(b *testing.B) {
	mock := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "secret"})
	defer mock.Close()
	server, err := providerserver.NewProtocol6WithError(New("bench", nil)())()
	if err != nil {
		b.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(b.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		b.Fatal(err)
	}
	configured, err := server.ConfigureProvider(b.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: block(b, schemas.Provider, map[string]string{"endpoint": mock.URL, "client_id": "id", "client_secret": "secret"}),
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		b.Fatal(err, configured)
	}
	const name = "equinix" + accessTokenTypeName
	ephemeral := block(b, schemas.EphemeralResourceSchemas[name], nil)
	data := block(b, schemas.DataSourceSchemas[name], nil)

	for rpc, call := range map[string]func() ([]*tfprotov6.Diagnostic, error){
		"ValidateEphemeralResourceConfig": func() ([]*tfprotov6.Diagnostic, error) {
			response, err := server.ValidateEphemeralResourceConfig(b.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: ephemeral})
			return response.Diagnostics, err
		},
		"OpenEphemeralResource": func() ([]*tfprotov6.Diagnostic, error) {
			response, err := server.OpenEphemeralResource(b.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: name, Config: ephemeral})
			return response.Diagnostics, err
		},
		"ReadDataSource": func() ([]*tfprotov6.Diagnostic, error) {
			response, err := server.ReadDataSource(b.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: data})
			return response.Diagnostics, err
		},
	} {
		b.Run(rpc, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if diagnostics, err := call(); err != nil || len(diagnostics) > 0 {
					b.Fatal(err, diagnostics)
				}
			}
		})
	}
	if count := mock.Count(); count > 1 {
		b.Errorf("%d token requests were sent", count)
	}
}

// block returns a block as it is sent, with the values given and nulls.
func block(b *testing.B, schema *tfprotov6.Schema, values map[string]string) *tfprotov6.DynamicValue {
	b.Helper()
	attributes := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		attributes[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		if value := values[attribute.Name]; value != "" {
			attributes[attribute.Name] = tftypes.NewValue(attribute.Type, value)
		}
	}
	sent, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), attributes))
	if err != nil {
		b.Fatal(err)
	}
	return &sent
}
