package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const dataAddress = "data.equinix_oauth2_access_token.test"

func stored(name string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(dataAddress, tfjsonpath.New(name), want)
}

// TestAccessTokenDataSource_Token reads one with the real CLI. The framework
// also checks that a second plan changes nothing.
func TestAccessTokenDataSource_Token(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	sensitive := func(name string) statecheck.StateCheck {
		return statecheck.ExpectSensitiveValue(dataAddress, tfjsonpath.New(name))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: providerBlock(server) + `data "equinix_oauth2_access_token" "test" {}`,
			ConfigStateChecks: []statecheck.StateCheck{
				stored("access_token", knownvalue.StringFunc(func(token string) error {
					if owner := ownerOf(t, server, token); owner != account.ClientID {
						return fmt.Errorf("the token belongs to %q", owner)
					}
					return nil
				})),
				stored("expiry", knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))),
				stored("grant_type", knownvalue.StringExact("client_credentials")),
				stored("token_type", knownvalue.StringExact("Bearer")),
				stored("token_timeout", knownvalue.Int64Exact(3599)),
				stored("token_user_name", knownvalue.StringExact(account.UserName)),
				stored("response_body", knownvalue.StringRegexp(regexp.MustCompile(`"access_token":"mock-`))),
				stored("refresh_token", knownvalue.Null()),
				stored("refresh_token_timeout", knownvalue.Null()),
				sensitive("access_token"), sensitive("expiry"), sensitive("response_body"),
			},
		}},
	})
}

// TestAccessTokenDataSource_StoresNoCredential has a secret in every argument
// that can hold one: the configuration has a value, the state has null, and that
// is no difference to plan.
func TestAccessTokenDataSource_StoresNoCredential(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf(`
provider "equinix" {
  endpoint = %q
}

data "equinix_oauth2_access_token" "test" {
  client_id             = %q
  client_secret         = %q
  user_name             = %q
  user_password         = %q
  password_encoding     = "none"
  additional_properties = jsonencode({ scope = "additional-secret" })
  request               = jsonencode({ audience = "request-secret" })
}
`, server.URL, account.ClientID, account.ClientSecret, account.UserName, account.UserPassword),
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{
				stored("client_id", knownvalue.StringExact(account.ClientID)),
				stored("user_name", knownvalue.StringExact(account.UserName)),
				stored("password_encoding", knownvalue.StringExact("none")),
				stored("grant_type", knownvalue.StringExact("password")),
				stored("refresh_token_timeout", knownvalue.Int64Exact(5182560)),
				stored("client_secret", knownvalue.Null()),
				stored("user_password", knownvalue.Null()),
				stored("additional_properties", knownvalue.Null()),
				stored("request", knownvalue.Null()),
			},
		}},
	})
	for _, request := range server.Requests() {
		if request.Payload["scope"] != "additional-secret" || request.Payload["audience"] != "request-secret" {
			t.Errorf("sent %v", request.Payload)
		}
	}
}

// TestAccessTokenDataSource_ValuesFromVariables are checked at plan: the CLI
// does not know them when it validates.
func TestAccessTokenDataSource_ValuesFromVariables(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: providerBlock(server) + `
variable "request" {
  type      = string
  sensitive = true
}

data "equinix_oauth2_access_token" "test" {
  request = var.request
}
`,
			ConfigVariables: config.Variables{"request": config.StringVariable(`{"client_id": "id"`)},
			ExpectError:     regexp.MustCompile(`The argument request must be a JSON object`),
		}},
	})
	if server.Count() != 0 {
		t.Errorf("%d requests were sent", server.Count())
	}
}

// TestAccessTokenDataSource_UnknownUntilApply is deferred by the CLI: no request
// at plan, and a token at apply.
func TestAccessTokenDataSource_UnknownUntilApply(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf("provider \"equinix\" {\n  endpoint = %q\n}\n", server.URL) + fmt.Sprintf(lateBlock, "data"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{unsent{server}},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{
				stored("client_id", knownvalue.StringExact(account.ClientID)),
				stored("client_secret", knownvalue.Null()),
				stored("token_type", knownvalue.StringExact("Bearer")),
			},
		}},
	})
}

// TestAccessTokenDataSource_UnknownProviderArguments end the plan with an error
// and advice, without a request. Followed, the advice works.
func TestAccessTokenDataSource_UnknownProviderArguments(t *testing.T) {
	server := newServer(t)
	t.Setenv("EQUINIX_CLIENT_ID", account.ClientID)
	t.Setenv("EQUINIX_CLIENT_SECRET", account.ClientSecret)
	const late = `
resource "terraform_data" "late" {
  input = "test-secret-7f3a"
}
`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{
			{
				Config: late + fmt.Sprintf(`
provider "equinix" {
  endpoint      = %q
  client_id     = %q
  client_secret = terraform_data.late.output
}

data "equinix_oauth2_access_token" "test" {}
`, server.URL, account.ClientID),
				ExpectError: regexp.MustCompile(`(?s)The provider's client_secret is not known yet.*Set\s+client_id\s+and\s+client_secret\s+in\s+the\s+block`),
			},
			{
				PreConfig: func() {
					if server.Count() != 0 {
						t.Errorf("%d requests were sent", server.Count())
					}
				},
				Config: late + fmt.Sprintf(`
provider "equinix" {
  endpoint = %q
}

data "equinix_oauth2_access_token" "test" {
  client_id     = %q
  client_secret = terraform_data.late.output
}
`, server.URL, account.ClientID),
				ConfigStateChecks: []statecheck.StateCheck{stored("token_type", knownvalue.StringExact("Bearer"))},
			},
		},
	})
}

// TestPlan_ProblemsOfAllBlocks plans one configuration with every rule broken,
// the values coming from variables: each is said, none costs a request, and no
// secret is shown, in either form of output.
func TestPlan_ProblemsOfAllBlocks(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	var configuration strings.Builder
	configuration.WriteString(requiredProviders + providerBlock(server) + "variable \"cut\" {\n  default = \"\"\n}\n")
	kind := dataSourceKind
	if testedCLI(t).hasEphemeral() {
		kind = ephemeralKind
	}
	number := 0
	for _, test := range problems {
		if test.warning {
			continue
		}
		number++
		fmt.Fprintf(&configuration, "%s %q \"test%d\" {\n", []string{kind, dataSourceKind}[number%2], accessTokenType, number)
		for name, value := range test.block {
			fmt.Fprintf(&configuration, "  %s = \"${var.cut}%s\"\n", name, hclEscaped(fmt.Sprint(value)))
		}
		configuration.WriteString("}\n")
	}
	w := newWorkspace(t, configuration.String())
	human := flat(w.fail("plan", "-no-color"))
	machine, _ := w.run("plan", "-json")
	for name, test := range problems {
		if !test.warning && !strings.Contains(human, flat(test.detail)) {
			t.Errorf("%s: %q is missing in:\n%s", name, test.detail, human)
		}
	}
	if got := strings.Count(human, "Error: "); got < number {
		t.Errorf("%d errors for %d mistakes", got, number)
	}
	for _, output := range []string{human, machine} {
		mustNotContain(t, output, hidden, `client_secret = "`, `request = "`)
	}
	if server.Count() != 0 {
		t.Errorf("%d requests were sent", server.Count())
	}
}

// hclEscaped returns a text as it stands within the quotes of HCL.
func hclEscaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "${", "$${", "%{", "%%{").Replace(text)
}

// TestPlan_ProviderMistakes are said when the provider is validated.
func TestPlan_ProviderMistakes(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, requiredProviders+`
provider "equinix" {
  endpoint               = "http://api.equinix.com"
  request_timeout        = 0
  max_retries            = 4
  max_retry_wait_seconds = -1
}

data "equinix_oauth2_access_token" "test" {}
`)
	mustContain(t, flat(w.fail("validate", "-no-color")),
		"endpoint is not usable", "plain http would send the client secret in clear",
		"Attribute request_timeout value must be between 1 and 3600, got: 0",
		"Attribute max_retries value must be between 0 and 3, got: 4",
		"Attribute max_retry_wait_seconds value must be between 0 and 3600, got: -1",
	)
}
