package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// needsFunctions leaves a test out with CLIs that do not call functions of
// providers.
var needsFunctions = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)}

// md5Sums are what `printf %s PASSWORD | openssl md5 -binary | base64` prints.
var md5Sums = map[string]string{
	"":                    "1B2M2Y8AsgTpgAmY7PhCfg==",
	"password":            "X03MO1qnZdYdgyfeuILPmQ==",
	" password\n":         "lvw0Mrl/m6v6LNmfZOYBcg==",
	"pässwörd-\U0001F511": "o4nZqezncU45QZrOguzTww==",
}

func TestMD5B64Function_Values(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for password, want := range md5Sums {
		argument, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, password))
		if err != nil {
			t.Fatal(err)
		}
		response, err := p.server.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: "md5_b64", Arguments: []*tfprotov6.DynamicValue{&argument}})
		if err != nil || response.Error != nil {
			t.Fatalf("%v %v", err, response.Error)
		}
		value, err := response.Result.Unmarshal(tftypes.String)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := value.As(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("md5_b64(%q) = %q, want %q", password, got, want)
		}
	}
}

func TestMD5B64Function_Definition(t *testing.T) {
	t.Parallel()
	definition := newProtocol(t).schemas.Functions["md5_b64"]
	if definition == nil || definition.Summary == "" || definition.Description == "" || len(definition.Parameters) != 1 {
		t.Fatalf("got %+v", definition)
	}
	if parameter := definition.Parameters[0]; parameter.Name != "password" || parameter.Description == "" || parameter.AllowNullValue || parameter.AllowUnknownValues {
		t.Errorf("got %+v", parameter)
	}
}

// TestMD5B64Function_CLI calls it with values that are known, marked sensitive,
// and known only after apply.
func TestMD5B64Function_CLI(t *testing.T) {
	t.Parallel()
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   needsFunctions,
		ProtoV6ProviderFactories: providersUnderTest,
		Steps: []resource.TestStep{
			{
				Config: `
output "sensitive" {
  value = provider::equinix::md5_b64(sensitive("password"))
}
`,
				ExpectError: regexp.MustCompile(`Output refers to sensitive values`),
			},
			{
				Config: `
output "null" {
  value = provider::equinix::md5_b64(null)
}
`,
				ExpectError: regexp.MustCompile(`argument must not be null`),
			},
			{
				Config: `
resource "terraform_data" "late" {
  input = "password"
}

output "known" {
  value = provider::equinix::md5_b64("password")
}

output "late" {
  value = provider::equinix::md5_b64(terraform_data.late.output)
}

output "marked" {
  value = nonsensitive(provider::equinix::md5_b64(sensitive("password")))
}
`,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("known", knownvalue.StringExact("X03MO1qnZdYdgyfeuILPmQ==")),
					statecheck.ExpectKnownOutputValue("late", knownvalue.StringExact("X03MO1qnZdYdgyfeuILPmQ==")),
					statecheck.ExpectKnownOutputValue("marked", knownvalue.StringExact("X03MO1qnZdYdgyfeuILPmQ==")),
				},
			},
		},
	})
}
