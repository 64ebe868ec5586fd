package provider_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/provider"
)

// What does not depend on the CLI is tested with the provider alone, spoken to
// as the CLI does.

const accessTokenType = "equinix_oauth2_access_token"

// The two kinds of equinix_oauth2_access_token.
const (
	ephemeralKind  = "ephemeral"
	dataSourceKind = "data"
)

// kinds are both.
var kinds = []string{ephemeralKind, dataSourceKind}

// attributes are the values of a block by name: a string, an int, a bool, or
// unknown. Those that are missing are null.
type attributes map[string]any

// unknown is a value that is known only after apply.
var unknown = tftypes.UnknownValue

// protocol is a provider of which the test is the CLI.
type protocol struct {
	t       *testing.T
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// newProtocol returns a provider that is not configured.
func newProtocol(t *testing.T) *protocol {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("1.2.3", nil)())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return &protocol{t: t, server: server, schemas: schemas}
}

// configured returns a provider with that provider block, which must be right.
func configured(t *testing.T, block attributes) *protocol {
	t.Helper()
	p := newProtocol(t)
	mustSucceed(t, p.configure(block))
	return p
}

// configure validates and configures the provider as the CLI does, and returns
// the diagnostics.
func (p *protocol) configure(block attributes) []*tfprotov6.Diagnostic {
	p.t.Helper()
	config := p.dynamic(p.schemas.Provider, block)
	validated, err := p.server.ValidateProviderConfig(p.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: config})
	if err != nil {
		p.t.Fatal(err)
	}
	if hasErrors(validated.Diagnostics) {
		return validated.Diagnostics
	}
	done, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: config, TerraformVersion: "1.99.0"})
	if err != nil {
		p.t.Fatal(err)
	}
	return append(validated.Diagnostics, done.Diagnostics...)
}

// schema returns the schema of a kind.
func (p *protocol) schema(kind string) *tfprotov6.Schema {
	if kind == ephemeralKind {
		return p.schemas.EphemeralResourceSchemas[accessTokenType]
	}
	return p.schemas.DataSourceSchemas[accessTokenType]
}

// validate validates a block.
func (p *protocol) validate(kind string, block attributes) []*tfprotov6.Diagnostic {
	p.t.Helper()
	config := p.dynamic(p.schema(kind), block)
	if kind == ephemeralKind {
		response, err := p.server.ValidateEphemeralResourceConfig(p.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: accessTokenType, Config: config})
		if err != nil {
			p.t.Fatal(err)
		}
		return response.Diagnostics
	}
	response, err := p.server.ValidateDataResourceConfig(p.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: accessTokenType, Config: config})
	if err != nil {
		p.t.Fatal(err)
	}
	return response.Diagnostics
}

// obtain opens or reads a block, and returns what it holds then.
func (p *protocol) obtain(kind string, block attributes) (attributes, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	if kind == ephemeralKind {
		response := p.open(block)
		return p.attributes(kind, response.Result), response.Diagnostics
	}
	response := p.read(block, false)
	return p.attributes(kind, response.State), response.Diagnostics
}

func (p *protocol) open(block attributes) *tfprotov6.OpenEphemeralResourceResponse {
	p.t.Helper()
	response, err := p.server.OpenEphemeralResource(p.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: accessTokenType, Config: p.dynamic(p.schema(ephemeralKind), block),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return response
}

func (p *protocol) renew() *tfprotov6.RenewEphemeralResourceResponse {
	p.t.Helper()
	response, err := p.server.RenewEphemeralResource(p.t.Context(), &tfprotov6.RenewEphemeralResourceRequest{TypeName: accessTokenType})
	if err != nil {
		p.t.Fatal(err)
	}
	return response
}

func (p *protocol) read(block attributes, deferralAllowed bool) *tfprotov6.ReadDataSourceResponse {
	p.t.Helper()
	response, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: accessTokenType, Config: p.dynamic(p.schema(dataSourceKind), block),
		ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: deferralAllowed},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return response
}

// dynamic encodes a block.
func (p *protocol) dynamic(schema *tfprotov6.Schema, block attributes) *tfprotov6.DynamicValue {
	p.t.Helper()
	values := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		values[attribute.Name] = tftypes.NewValue(attribute.Type, block[attribute.Name])
	}
	for name := range block {
		if _, ok := values[name]; !ok {
			p.t.Fatalf("the schema has no %s", name)
		}
	}
	encoded, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), values))
	if err != nil {
		p.t.Fatal(err)
	}
	return &encoded
}

// attributes decodes what the provider returns; nil if it is nothing. Numbers
// become an int, values that are not known become unknown.
func (p *protocol) attributes(kind string, encoded *tfprotov6.DynamicValue) attributes {
	p.t.Helper()
	if encoded == nil {
		return nil
	}
	value, err := encoded.Unmarshal(p.schema(kind).ValueType())
	if err != nil {
		p.t.Fatal(err)
	}
	if value.IsNull() {
		return nil
	}
	var members map[string]tftypes.Value
	if err := value.As(&members); err != nil {
		p.t.Fatal(err)
	}
	decoded := attributes{}
	for name, member := range members {
		switch {
		case !member.IsKnown():
			decoded[name] = unknown
		case member.IsNull():
			decoded[name] = nil
		case member.Type().Is(tftypes.Number):
			var number big.Float
			if err := member.As(&number); err != nil {
				p.t.Fatal(err)
			}
			whole, _ := number.Int64()
			decoded[name] = int(whole)
		default:
			var text string
			if err := member.As(&text); err != nil {
				p.t.Fatal(err)
			}
			decoded[name] = text
		}
	}
	return decoded
}

// texts joins all that diagnostics show.
func texts(diagnostics []*tfprotov6.Diagnostic) string {
	var all string
	for _, diagnostic := range diagnostics {
		all += diagnostic.Severity.String() + ": " + diagnostic.Summary + "\n" + diagnostic.Detail + "\n"
		if diagnostic.Attribute != nil {
			all += "at " + diagnostic.Attribute.String() + "\n"
		}
	}
	return all
}

func hasErrors(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity == tfprotov6.DiagnosticSeverityError })
}

func mustSucceed(t *testing.T, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	if hasErrors(diagnostics) {
		t.Fatal(texts(diagnostics))
	}
}

// onlyError returns the one error of the diagnostics.
func onlyError(t *testing.T, diagnostics []*tfprotov6.Diagnostic) *tfprotov6.Diagnostic {
	t.Helper()
	var found []*tfprotov6.Diagnostic
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			found = append(found, diagnostic)
		}
	}
	if len(found) != 1 {
		t.Fatalf("want one error, got %d:\n%s", len(found), texts(diagnostics))
	}
	return found[0]
}

// mustBeExpiry checks a time of RFC 3339 in UTC, and that a token which lives
// that long and was requested between then and now expires at it.
func mustBeExpiry(t *testing.T, value any, then time.Time, lifetime time.Duration) {
	t.Helper()
	text, _ := value.(string)
	expiry, err := time.Parse("2006-01-02T15:04:05Z", text)
	if err != nil {
		t.Fatalf("expiry %v: %v", value, err)
	}
	earliest, latest := then.Add(lifetime).Truncate(time.Second), time.Now().Add(lifetime)
	if expiry.Before(earliest) || expiry.After(latest) {
		t.Errorf("expiry %s is not between %s and %s", expiry, earliest, latest)
	}
}
