package provider_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const (
	examplesFolder = "../../examples"
	ownSource      = "equinix-community/equinix-oauth2"
)

// example is a folder with a configuration.
type example struct {
	name    string
	folder  string
	text    string            // of all its files
	files   []*hcl.File       // parsed
	sources map[string]string // of its providers, by local name
}

// examples returns all that are below examples/.
func examples(t *testing.T) []*example {
	t.Helper()
	byFolder := map[string]*example{}
	parser := hclparse.NewParser()
	err := filepath.WalkDir(examplesFolder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".tf" || strings.Contains(path, ".terraform") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, diagnostics := parser.ParseHCL(content, path)
		if diagnostics.HasErrors() {
			return diagnostics
		}
		folder := filepath.Dir(path)
		if byFolder[folder] == nil {
			name, err := filepath.Rel(examplesFolder, folder)
			if err != nil {
				return err
			}
			byFolder[folder] = &example{name: name, folder: folder, sources: map[string]string{"equinix": ownSource}}
		}
		found := byFolder[folder]
		found.text += string(content)
		found.files = append(found.files, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range byFolder {
		for _, block := range found.blocks() {
			if block.Type == "terraform" {
				maps.Copy(found.sources, providerSources(t, block))
			}
		}
	}
	if len(byFolder) < 5 {
		t.Fatalf("only %d examples were found", len(byFolder))
	}
	return slices.SortedFunc(maps.Values(byFolder), func(a, b *example) int { return strings.Compare(a.name, b.name) })
}

func (e *example) blocks() hclsyntax.Blocks {
	var all hclsyntax.Blocks
	for _, file := range e.files {
		if body, ok := file.Body.(*hclsyntax.Body); ok { // what the parser returns for HCL
			all = append(all, body.Blocks...)
		}
	}
	return all
}

// providerSources reads required_providers.
func providerSources(t *testing.T, terraform *hclsyntax.Block) map[string]string {
	t.Helper()
	sources := map[string]string{}
	for _, block := range terraform.Body.Blocks {
		if block.Type != "required_providers" {
			continue
		}
		for name, attribute := range block.Body.Attributes {
			value, diagnostics := attribute.Expr.Value(nil)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			sources[name] = value.GetAttr("source").AsString()
		}
	}
	return sources
}

// needsOnlyThisProvider reports whether the example can be applied here.
func (e *example) needsOnlyThisProvider() bool {
	for _, source := range e.sources {
		if source != ownSource {
			return false
		}
	}
	return true
}

// suits reports whether the CLI knows what the example uses.
func (e *example) suits(version cliVersion) bool {
	return (version.hasEphemeral() || !strings.Contains(e.text, "ephemeral")) &&
		(version.hasFunctions() || !strings.Contains(e.text, "provider::"))
}

// workspace returns one with a copy of the example, which finds the mock and the
// values of its variables in the environment.
func (e *example) workspace(t *testing.T, server *accesstokentest.Server) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	files, err := os.ReadDir(e.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(e.folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		// An API that an example names outright is the mock here.
		w.write(file.Name(), strings.ReplaceAll(string(content), "https://api.equinix.com", server.URL))
	}
	if !strings.Contains(e.text, "required_providers") {
		w.write("required_providers.tf", requiredProviders)
	}
	pair := fmt.Sprintf("{client_id = %q, client_secret = %q, endpoint = %q}", account.ClientID, account.ClientSecret, server.URL)
	maps.Copy(w.env, map[string]string{
		"EQUINIX_API_ENDPOINT": server.URL, "EQUINIX_API_CLIENTID": account.ClientID, "EQUINIX_API_CLIENTSECRET": account.ClientSecret,
	})
	for name, value := range map[string]string{
		"endpoint": server.URL, "client_id": account.ClientID, "client_secret": account.ClientSecret,
		"user_name": account.UserName, "user_password": account.UserPassword, "password": account.UserPassword,
		"production": pair, "sandbox": pair,
		"request":  jsonOf(map[string]string{"client_id": account.ClientID, "client_secret": account.ClientSecret}),
		"call_api": filepath.Join(w.home, "call-api"),
	} {
		w.env["TF_VAR_"+name] = value
	}
	if strings.Contains(e.text, "call_api") {
		build := exec.Command("go", "build", "-o", w.env["TF_VAR_call_api"], "./call-api")
		build.Dir, build.Env = e.folder, developerEnvironment
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	return w
}

// TestExamples_Apply applies, against the mock, all that need only this provider;
// those that call an API with curl are planned where there is none.
func TestExamples_Apply(t *testing.T) {
	t.Parallel()
	_, noCurl := exec.LookPath("curl")
	applied := 0
	for _, example := range examples(t) {
		if !example.needsOnlyThisProvider() || !example.suits(testedCLI(t)) {
			continue
		}
		applied++
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			w := example.workspace(t, server)
			if noCurl != nil && strings.Contains(example.text, "curl") {
				w.succeed("plan", "-no-color")
			} else {
				w.succeed("apply", "-auto-approve", "-no-color")
			}
			if usesToken := strings.Contains(example.text, `"`+accessTokenType+`"`); usesToken && server.Count() == 0 {
				t.Error("no token was requested")
			}
		})
	}
	if applied == 0 {
		t.Error("no example was applied")
	}
}

// TestExamples_Test runs the tests that come with the examples, as
// `terraform test` or `tofu test`, which exist since 1.6.
func TestExamples_Test(t *testing.T) {
	t.Parallel()
	found := 0
	for _, example := range examples(t) {
		tests, err := filepath.Glob(filepath.Join(example.folder, "*.tftest.hcl"))
		if err != nil {
			t.Fatal(err)
		}
		found += len(tests)
		if len(tests) == 0 || testedCLI(t).Minor < 6 || !example.suits(testedCLI(t)) {
			continue
		}
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			// What mock-equinix accepts by default.
			server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "demo-client-id", ClientSecret: "demo-client-secret"})
			t.Cleanup(server.Close)
			output := example.workspace(t, server).succeed("test", "-no-color")
			mustContain(t, output, "Success!", ", 0 failed")
			if server.Count() == 0 {
				t.Error("no token was requested")
			}
		})
	}
	if found == 0 {
		t.Error("no example has a test")
	}
}

// metaArguments may stand in every block.
var metaArguments = []string{"provider", "alias", "count", "for_each", "depends_on"}

// TestExamples_Schema checks the blocks of this provider in all examples, also
// in those that need others: the type exists, every argument may be set, and
// every attribute that is read exists.
func TestExamples_Schema(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	checked := 0
	for _, example := range examples(t) {
		for _, block := range example.blocks() {
			var schema *tfprotov6.Schema
			switch {
			case block.Type == "provider" && example.sources[block.Labels[0]] == ownSource:
				schema = p.schemas.Provider
			case (block.Type == "data" || block.Type == "ephemeral" || block.Type == "resource") && strings.HasPrefix(block.Labels[0], "equinix_oauth2_"):
				if block.Type == "resource" || block.Labels[0] != accessTokenType {
					t.Errorf("%s: there is no %s %s", block.DefRange(), block.Type, block.Labels[0])
					continue
				}
				schema = p.schema(block.Type)
			default:
				continue
			}
			checked++
			for name, argument := range block.Body.Attributes {
				if !slices.Contains(metaArguments, name) && !has(schema, name, func(a *tfprotov6.SchemaAttribute) bool { return a.Optional }) {
					t.Errorf("%s: no argument %s can be set", argument.SrcRange, name)
				}
			}
		}
		visitReferences(example.blocks(), func(reference hcl.Traversal) {
			kind, name, ok := attributeOf(reference)
			if !ok {
				return
			}
			checked++
			if !has(p.schema(kind), name, func(*tfprotov6.SchemaAttribute) bool { return true }) {
				t.Errorf("%s: there is no attribute %s", reference.SourceRange(), name)
			}
		})
	}
	if checked < 20 {
		t.Errorf("only %d things were checked", checked)
	}
}

func has(schema *tfprotov6.Schema, name string, is func(*tfprotov6.SchemaAttribute) bool) bool {
	return slices.ContainsFunc(schema.Block.Attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == name && is(a) })
}

// visitReferences calls visit with everything that the expressions in the blocks
// refer to.
func visitReferences(blocks hclsyntax.Blocks, visit func(hcl.Traversal)) {
	for _, block := range blocks {
		for _, attribute := range block.Body.Attributes {
			for _, reference := range attribute.Expr.Variables() {
				visit(reference)
			}
		}
		visitReferences(block.Body.Blocks, visit)
	}
}

// attributeOf returns the kind and the attribute that a reference to a token
// reads: data.equinix_oauth2_access_token.NAME.ATTRIBUTE.
func attributeOf(reference hcl.Traversal) (kind, name string, ok bool) {
	if len(reference) < 4 || !slices.Contains(kinds, reference.RootName()) {
		return "", "", false
	}
	if step, isAttribute := reference[1].(hcl.TraverseAttr); !isAttribute || step.Name != accessTokenType {
		return "", "", false
	}
	for _, step := range reference[3:] {
		if attribute, isAttribute := step.(hcl.TraverseAttr); isAttribute {
			return reference.RootName(), attribute.Name, true
		}
	}
	return "", "", false
}
