package provider_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/provider"
)

// providersUnderTest serves this provider and echo, which stores what its
// configuration holds.
var providersUnderTest = map[string]func() (tfprotov6.ProviderServer, error){
	"equinix": func() (tfprotov6.ProviderServer, error) {
		return providerserver.NewProtocol6WithError(provider.New("test", nil)())()
	},
	"echo": echoprovider.NewProviderServer(),
}

// needsEphemeral leaves a test out with CLIs that do not know ephemeral resources.
var needsEphemeral = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)}

// checkVersion leaves a test out that drives the CLI itself, as the framework
// does with its own.
func checkVersion(t *testing.T, checks []tfversion.TerraformVersionCheck) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   checks,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps:                    []resource.TestStep{{Config: "locals {}", PlanOnly: true}},
	})
}

// providerBlock is the provider block of a configuration, with the credentials
// of account.
func providerBlock(server *accesstokentest.Server) string {
	return fmt.Sprintf("provider \"equinix\" {\n  endpoint      = %q\n  client_id     = %q\n  client_secret = %q\n}\n", server.URL, account.ClientID, account.ClientSecret)
}

const echoed = `
provider "echo" {
  data = ephemeral.equinix_oauth2_access_token.test
}

resource "echo" "test" {}
`

// TestAccessTokenEphemeral_Token opens one with the real CLI. The framework also
// checks that a second plan changes nothing.
func TestAccessTokenEphemeral_Token(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	data := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data").AtMapKey(name), want)
	}
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   needsEphemeral,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: providerBlock(server) + `ephemeral "equinix_oauth2_access_token" "test" {}` + echoed,
			ConfigStateChecks: []statecheck.StateCheck{
				data("access_token", knownvalue.StringFunc(func(token string) error {
					if owner := ownerOf(t, server, token); owner != account.ClientID {
						return fmt.Errorf("the token belongs to %q", owner)
					}
					return nil
				})),
				data("expiry", knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))),
				data("grant_type", knownvalue.StringExact("client_credentials")),
				data("token_type", knownvalue.StringExact("Bearer")),
				data("token_timeout", knownvalue.Int64Exact(3599)),
				data("token_user_name", knownvalue.StringExact(account.UserName)),
				data("response_body", knownvalue.StringRegexp(regexp.MustCompile(`"access_token":"mock-`))),
				data("refresh_token", knownvalue.Null()),
				data("refresh_token_timeout", knownvalue.Null()),
				data("client_id", knownvalue.Null()),
				data("client_secret", knownvalue.Null()),
			},
		}},
	})
}

// TestAccessTokenEphemeral_PasswordGrant opens one with every argument of the
// password grant.
func TestAccessTokenEphemeral_PasswordGrant(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	data := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data").AtMapKey(name), want)
	}
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   needsEphemeral,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: providerBlock(server) + fmt.Sprintf(`
ephemeral "equinix_oauth2_access_token" "test" {
  user_name         = %q
  user_password     = provider::equinix::md5_b64(%q)
  password_encoding = "md5-b64"
}
`, account.UserName, account.UserPassword) + echoed,
			ConfigStateChecks: []statecheck.StateCheck{
				data("grant_type", knownvalue.StringExact("password")),
				data("refresh_token", knownvalue.StringRegexp(regexp.MustCompile(`^mock-refresh-`))),
				data("refresh_token_timeout", knownvalue.Int64Exact(5182560)),
			},
		}},
	})
}

// TestAccessTokenEphemeral_ValuesFromVariables are checked at plan: the CLI does
// not know them when it validates.
func TestAccessTokenEphemeral_ValuesFromVariables(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   needsEphemeral,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config: providerBlock(server) + `
variable "secret" {
  type      = string
  sensitive = true
}

ephemeral "equinix_oauth2_access_token" "test" {
  client_id     = "id"
  client_secret = var.secret
}
` + echoed,
			ConfigVariables: config.Variables{"secret": config.StringVariable("hunter2\n")},
			ExpectError:     regexp.MustCompile(`The argument client_secret begins or ends with white\s+space`),
		}},
	})
	if server.Count() != 0 {
		t.Errorf("%d requests were sent", server.Count())
	}
}

// unsent checks that no request has been sent when the plan is there.
type unsent struct{ server *accesstokentest.Server }

func (u unsent) CheckPlan(_ context.Context, _ plancheck.CheckPlanRequest, response *plancheck.CheckPlanResponse) {
	if count := u.server.Count(); count != 0 {
		response.Error = fmt.Errorf("%d requests were sent before the values were known", count)
	}
}

// lateBlock is a block whose credentials are known only after apply.
const lateBlock = `
resource "terraform_data" "late" {
  input = "test-client"
}

%s "equinix_oauth2_access_token" "test" {
  client_id     = terraform_data.late.output
  client_secret = "${terraform_data.late.id == "" ? "" : "test-secret"}-7f3a"
}
`

// TestAccessTokenEphemeral_UnknownUntilApply is deferred by the CLI: no request
// at plan, and a token at apply.
func TestAccessTokenEphemeral_UnknownUntilApply(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   needsEphemeral,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{{
			Config:           fmt.Sprintf("provider \"equinix\" {\n  endpoint = %q\n}\n", server.URL) + fmt.Sprintf(lateBlock, "ephemeral") + echoed,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{unsent{server}}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data").AtMapKey("token_type"), knownvalue.StringExact("Bearer")),
			},
		}},
	})
}

// TestAccessTokenEphemeral_RenewAt is the expiry, and a Renew then says that
// nothing can be renewed, without making the run fail.
func TestAccessTokenEphemeral_RenewAt(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	p := configured(t, credentialed(server))
	then := time.Now()
	response := p.open(attributes{})
	mustSucceed(t, response.Diagnostics)
	expiry := p.attributes(ephemeralKind, response.Result)["expiry"]
	if got := response.RenewAt.UTC().Format(time.RFC3339); got != expiry {
		t.Errorf("renewed at %s, expires at %s", got, expiry)
	}
	mustBeExpiry(t, expiry, then, 3599*time.Second)

	renewed := p.renew()
	if len(renewed.Diagnostics) != 1 || hasErrors(renewed.Diagnostics) {
		t.Fatalf("want one warning, got:\n%s", texts(renewed.Diagnostics))
	}
	mustContain(t, texts(renewed.Diagnostics), "The Equinix access token has expired", "Terraform cannot replace it inside a run", "HTTP 401", "Run again")
	if !renewed.RenewAt.IsZero() {
		t.Errorf("it would be renewed again at %s", renewed.RenewAt)
	}
	if server.Count() != 1 {
		t.Errorf("%d requests were sent", server.Count())
	}

	closed, err := p.server.CloseEphemeralResource(t.Context(), &tfprotov6.CloseEphemeralResourceRequest{TypeName: accessTokenType})
	if err != nil || len(closed.Diagnostics) > 0 {
		t.Errorf("close: %v %s", err, texts(closed.Diagnostics))
	}
}

// TestAccessTokenEphemeral_ExpiresDuringARun lets a token of two seconds expire
// while a provisioner works, which ends as soon as the CLI has asked for a
// renewal. The run succeeds.
func TestAccessTokenEphemeral_ExpiresDuringARun(t *testing.T) {
	t.Parallel()
	checkVersion(t, needsEphemeral)
	server := newServer(t)
	server.SetTokenTimeout("2")
	w := newWorkspace(t, requiredProviders+providerBlock(server)+`
ephemeral "equinix_oauth2_access_token" "test" {}

resource "terraform_data" "work" {
  provisioner "local-exec" {
    command     = "test -n \"$TOKEN\" && cat finished >end"
    environment = { TOKEN = ephemeral.equinix_oauth2_access_token.test.access_token }
  }
}
`)
	finished := filepath.Join(w.folder, "finished")
	if err := syscall.Mkfifo(finished, 0o600); err != nil {
		t.Fatal(err)
	}
	w.succeed("plan", "-out", "saved")
	w.env["TF_LOG"] = "TRACE"
	command := w.command(t.Context(), "apply", "-no-color", "saved") // one walk
	var output strings.Builder
	command.Stdout = &output
	logs, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 16<<20)
	renewals, released := 0, make(chan error, 1)
	for lines.Scan() {
		if line := lines.Text(); strings.Contains(line, "Sending request downstream") && strings.Contains(line, "tf_rpc=RenewEphemeralResource") {
			if renewals++; renewals == 1 {
				go func() { released <- os.WriteFile(finished, nil, 0o600) }() // waits for the provisioner
			}
		}
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	if renewals != 1 {
		t.Fatalf("%d renewals, want 1", renewals)
	}
	if err := <-released; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "end")); err != nil {
		t.Errorf("the provisioner did not end: %v", err)
	}
	if testedCLI(t).OpenTofu { // Terraform 1.11 drops what a renewal says
		mustContain(t, flat(output.String()), "The Equinix access token has expired")
	}
}
