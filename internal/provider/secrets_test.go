package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// The secrets of one request, each in another place of the configuration. None
// may be found in what Terraform and the provider write, in any form.
var hostileSecrets = map[string]string{
	"client_secret":         "qu\"ote ba\\ck\nline <&> \u00fc\u2028\U0001F511 end-9f31",
	"user_password":         "p%2B+/='\"`$(x)\\u0041-7c55\tz",
	"additional_properties": strings.Repeat("0123456789abcdefghijklmnopqrstuv", 320), // 10 KiB
	"request":               "r\\\"equest;--<script>-41aa",
}

// forms are the ways in which a secret may stand in a text.
func forms(secret string) []string {
	var quoted, quotedHTML bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret) // a string always encodes
	_ = json.NewEncoder(&quotedHTML).Encode(secret)
	all := []string{
		secret,
		strings.Trim(quoted.String(), "\"\n"), strings.Trim(quotedHTML.String(), "\"\n"),
		url.QueryEscape(secret), url.PathEscape(secret),
		html.EscapeString(secret),
	}
	for _, text := range all {
		all = append(all, base64.RawStdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// leaks returns where a text holds a secret: the secret's name and its form.
func leaks(text string, secrets map[string]string) []string {
	var found []string
	for name, secret := range secrets {
		for _, form := range forms(secret) {
			if at := strings.Index(text, form); at >= 0 {
				found = append(found, fmt.Sprintf("%s, after %q", name, text[max(0, at-200):at]))
			}
		}
	}
	return found
}

// leftBehind returns all that a run left in the workspace and beside it: by name,
// plan files unpacked.
func (w *workspace) leftBehind() map[string]string {
	w.t.Helper()
	files := map[string]string{}
	for _, root := range []string{w.folder, w.home, w.cache} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files[path] = string(content)
			archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				return nil //nolint:nilerr // no plan
			}
			for _, member := range archive.File {
				reader, err := member.Open()
				if err != nil {
					return err
				}
				unpacked, err := io.ReadAll(reader)
				if err != nil {
					return err
				}
				files[path+"/"+member.Name] = string(unpacked)
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return files
}

// secretWorkspace returns a workspace of that kind with the hostile secrets. The
// configuration reads them from files in another folder: what Terraform itself
// stores of a configuration, its text and its variables, has nothing of them.
func secretWorkspace(t *testing.T, kind, endpoint string, secrets map[string]string) *workspace {
	t.Helper()
	folder := t.TempDir()
	for name, secret := range secrets {
		writeFile(t, filepath.Join(folder, name), secret)
	}
	use := ""
	if kind == ephemeralKind {
		use = `
resource "terraform_data" "use" {
  provisioner "local-exec" {
    command     = "test -n \"$TOKEN\""
    environment = { TOKEN = ephemeral.equinix_oauth2_access_token.test.access_token }
  }
}
`
	}
	w := newWorkspace(t, requiredProviders+fmt.Sprintf(`
provider "equinix" {
  endpoint               = %q
  max_retry_wait_seconds = 0
}

%s "equinix_oauth2_access_token" "test" {
  client_id             = "test-client"
  client_secret         = file("%[3]s/client_secret")
  user_name             = "test-user"
  user_password         = file("%[3]s/user_password")
  additional_properties = jsonencode({ nested = [{ secret = file("%[3]s/additional_properties") }] })
  request               = jsonencode({ scope = file("%[3]s/request") })
}
`, endpoint, kind, folder)+use)
	w.env["TF_LOG"] = "TRACE"
	return w
}

// kindsOf returns the kinds that the CLI under test knows.
func kindsOf(t *testing.T) []string {
	t.Helper()
	if testedCLI(t).hasEphemeral() {
		return kinds
	}
	return []string{dataSourceKind}
}

// TestSecrets_Success plans, applies the saved plan and plans again, and looks
// for the secrets in everything that was printed, logged or stored, and, while
// the request is on its way, in every command line of the machine. The token is
// looked for as well. Terraform itself stores what a data source returns, in the
// state and in saved plans: there, and nowhere else, is the data source's token.
func TestSecrets_Success(t *testing.T) {
	t.Parallel()
	for _, kind := range kindsOf(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			endpoint := accesstokentest.NewEndpoint(accesstokentest.Account{
				ClientID: "test-client", ClientSecret: hostileSecrets["client_secret"],
				UserName: "test-user", UserPassword: hostileSecrets["user_password"],
			})
			var mu sync.Mutex
			secrets := map[string]string{}
			for name, secret := range hostileSecrets {
				secrets[name] = secret
			}
			tokens := map[string]string{}
			address := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				for _, found := range leaks(commandLines(), hostileSecrets) {
					t.Errorf("a command line shows %s", found)
				}
				recorder := &copiedResponse{ResponseWriter: w}
				endpoint.ServeHTTP(recorder, r)
				var answer map[string]any
				if json.Unmarshal(recorder.body.Bytes(), &answer) == nil {
					mu.Lock()
					defer mu.Unlock()
					for _, name := range []string{"access_token", "refresh_token"} {
						if token, ok := answer[name].(string); ok {
							tokens[fmt.Sprintf("%s %d", name, len(tokens))] = token
						}
					}
				}
			})
			w := secretWorkspace(t, kind, address, hostileSecrets)
			log := filepath.Join(w.folder, "terraform.log")
			printed := w.succeed("plan", "-no-color", "-out", "saved")
			w.env["TF_LOG_PATH"] = log
			printed += w.succeed("apply", "-json", "saved")
			printed += w.succeed("plan", "-json")
			delete(w.env, "TF_LOG")
			delete(w.env, "TF_LOG_PATH")
			shown := w.succeed("show", "-no-color") + w.succeed("show", "-no-color", "saved")

			files := w.leftBehind()
			if len(tokens) == 0 || !strings.Contains(files[log], "Token request") || !strings.Contains(printed, "Token response") {
				t.Fatal("the log or the tokens are missing: nothing was looked at")
			}
			files["what was printed"], files["what show prints"] = printed, shown
			for name, text := range files {
				for _, found := range leaks(text, secrets) {
					t.Errorf("%s holds %s", name, found)
				}
				isStored := strings.HasPrefix(filepath.Base(name), "terraform.tfstate") || strings.Contains(name, "/saved/tf")
				if kind == dataSourceKind && (isStored || strings.HasSuffix(name, "/saved")) {
					continue
				}
				for _, found := range leaks(text, tokens) {
					t.Errorf("%s holds %s", name, found)
				}
			}
		})
	}
}

// copiedResponse keeps what goes through it.
type copiedResponse struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (c *copiedResponse) Write(content []byte) (int, error) {
	c.body.Write(content)
	return c.ResponseWriter.Write(content)
}

// commandLines returns those of all processes, where the system shows them.
func commandLines() string {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var all strings.Builder
	for _, path := range paths {
		line, _ := os.ReadFile(path) // the process may have ended
		all.Write(line)
		all.WriteByte('\n')
	}
	return all.String()
}

// hostileAnswers are endpoints that hand back what they were sent.
var hostileAnswers = map[string]func(w http.ResponseWriter, payload string){
	"400 raw": func(w http.ResponseWriter, payload string) { answer(w, 400, payload) },
	"401 in the error": func(w http.ResponseWriter, payload string) {
		var members map[string]any
		_ = json.Unmarshal([]byte(payload), &members)
		answer(w, 401, jsonOf(map[string]any{
			"errorCode": members["client_secret"], "errorTitle": members["user_password"], "errorDomain": members["scope"],
			"developerMessage": payload, "errorMessage": fmt.Sprint(members["nested"]),
		}))
	},
	"401 escaped twice": func(w http.ResponseWriter, payload string) {
		answer(w, 401, jsonOf(map[string]any{"errorMessage": jsonOf(payload), "developerMessage": url.QueryEscape(jsonOf(payload))}))
	},
	"403 in HTML": func(w http.ResponseWriter, payload string) {
		answer(w, 403, "<html><body>"+html.EscapeString(payload)+"</body></html>")
	},
	"403 in URL form": func(w http.ResponseWriter, payload string) {
		answer(w, 403, jsonOf(map[string]any{"errorMessage": url.QueryEscape(payload), "developerMessage": url.PathEscape(payload)}))
	},
	"500 in base64": func(w http.ResponseWriter, payload string) {
		answer(w, 500, jsonOf(map[string]any{
			"error_code":        base64.StdEncoding.EncodeToString([]byte(payload)),
			"developer_message": base64.URLEncoding.EncodeToString([]byte("x" + payload)),
			"error_message":     base64.RawStdEncoding.EncodeToString([]byte("xy" + payload)),
		}))
	},
	"redirect": func(w http.ResponseWriter, payload string) {
		w.Header().Set("Location", "https://"+url.QueryEscape(payload[:30])+"@elsewhere.example/"+url.PathEscape(payload)+"?p="+url.QueryEscape(payload)+"#"+url.QueryEscape(payload))
		answer(w, 308, "")
	},
	"header": func(w http.ResponseWriter, payload string) {
		w.Header().Set("X-Echo", url.QueryEscape(payload))
		w.Header().Set("X-Json", strings.ReplaceAll(jsonOf(payload), "\n", ""))
		w.Header().Set("Set-Cookie", "session=cookie-5d1f")
		w.Header().Set("X-Base64", base64.StdEncoding.EncodeToString([]byte(payload)))
		answer(w, 401, "")
	},
	"200 with garbage":  func(w http.ResponseWriter, payload string) { answer(w, 200, payload+"]") },
	"200 without token": func(w http.ResponseWriter, payload string) { answer(w, 200, jsonOf([]string{payload})) },
	"truncated": func(w http.ResponseWriter, payload string) {
		w.Header().Set("Content-Length", "1000000")
		answer(w, 200, payload)
	},
	"reset": func(_ http.ResponseWriter, _ string) { panic(http.ErrAbortHandler) },
	"no HTTP": func(w http.ResponseWriter, payload string) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(connection, payload+"\r\n\r\n")
			_ = connection.Close()
		}
	},
}

func answer(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func jsonOf(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// TestSecrets_HostileAnswers looks for the secrets in everything that is printed,
// logged and stored when the endpoint hands them back.
func TestSecrets_HostileAnswers(t *testing.T) {
	t.Parallel()
	for name, respond := range hostileAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				payload, _ := io.ReadAll(r.Body)
				respond(w, string(payload))
			})
			kind := dataSourceKind
			if testedCLI(t).hasEphemeral() && len(name)%2 == 0 {
				kind = ephemeralKind
			}
			w := secretWorkspace(t, kind, address, hostileSecrets)
			printed := w.fail("plan", "-no-color", "-out", "saved")
			mustContain(t, printed, "Token request", "Error: ")
			files := w.leftBehind()
			files["what was printed"] = printed
			for file, text := range files {
				for _, found := range append(leaks(text, hostileSecrets), leaks(text, map[string]string{"a cookie": "cookie-5d1f"})...) {
					t.Errorf("%s holds %s", file, found)
				}
			}
		})
	}
}

// TestSecrets_OrdinaryWords has secrets that are parts of ordinary words: they
// are masked where they stand alone, and the message stays readable.
func TestSecrets_OrdinaryWords(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Always(accesstokentest.Fault{Status: 401, Body: `{"errorCode": "S1006", "errorTitle": "The ending is ended, send no 1", "errorMessage": "your secret is end, or 'end'."}`})
	_, diagnostics := configured(t, attributes{"endpoint": server.URL, "client_id": "id", "client_secret": "end"}).obtain(dataSourceKind, attributes{})
	mustContain(t, onlyError(t, diagnostics).Detail,
		"The endpoint answered HTTP 401 Unauthorized.", "Error code: S1006 The ending is ended, send no 1", "Message: your secret is ***, or '***'.",
	)
}

// TestMain_SilencesUnreadLogs puts a script in the provider's place that keeps
// what the provider logs. Nobody reads it without a TF_LOG variable, and there is
// nothing; any of these variables brings the SDK's logs back.
func TestMain_SilencesUnreadLogs(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	binaries, err := buildFolder()
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"", "TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK", "TF_LOG_CORE", "TF_LOG_PATH"} {
		w := newWorkspace(t, requiredProviders+providerBlock(server)+`data "equinix_oauth2_access_token" "test" {}`)
		script, logs := filepath.Join(w.home, "terraform-provider-equinix-oauth2"), filepath.Join(w.home, "provider.log")
		text := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\" 2>>%q\n", filepath.Join(binaries, "terraform-provider-equinix-oauth2"), logs)
		if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		rc := w.env["TF_CLI_CONFIG_FILE"]
		overrides, err := os.ReadFile(rc)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, rc, strings.ReplaceAll(string(overrides), binaries, w.home))
		switch variable {
		case "":
		case "TF_LOG_PATH":
			w.env[variable] = filepath.Join(w.folder, "terraform.log")
		default:
			w.env[variable] = "TRACE"
		}
		w.succeed("plan")
		logged, err := os.ReadFile(logs)
		if err != nil {
			t.Fatal(err)
		}
		if hasLogs := strings.Contains(string(logged), "sdk.proto"); hasLogs != (variable != "") {
			t.Errorf("%q set: the SDK logs: %t\n%.1000s", variable, hasLogs, logged)
		}
	}
}
