package accesstoken

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decoded returns a JSON object with its numbers as they are written.
func decoded(t testing.TB, text []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		t.Fatalf("%s is not JSON: %v", text, err)
	}
	return members
}

// TestNewRequest_SendsEveryCombination compares the payload of every set of
// arguments, field by field, with what the rules say.
func TestNewRequest_SendsEveryCombination(t *testing.T) {
	inRequest := map[string]any{
		ClientID: "r-id", ClientSecret: "r-secret", UserName: "r-user",
		"shared": json.Number("1.50"), "null": nil, "big": json.Number("12345678901234567890123"),
	}
	named := map[string]string{
		ClientID: "n-id", ClientSecret: "n-secret", GrantType: "password", UserName: "n-user", UserPassword: "n-password", PasswordEncoding: "none",
	}
	additional := map[string]any{"shared": map[string]any{"x": json.Number("2e0")}, "more": []any{true, nil, "<&>\u2028\U0001F600"}}

	all := append([]string{RequestJSON, AdditionalProperties}, fieldNames...)
	for set := range 1 << len(all) {
		arguments := Arguments{}
		want := map[string]any{}
		has := func(name string) bool { return set&(1<<slices.Index(all, name)) != 0 }
		if has(RequestJSON) {
			text, _ := json.Marshal(inRequest)
			arguments[RequestJSON] = Argument{Value: string(text), Set: true}
			for name, value := range inRequest {
				want[name] = value
			}
		}
		for name, value := range named {
			if has(name) {
				arguments[name] = Argument{Value: value, Set: true}
				want[name] = value
			}
		}
		if has(AdditionalProperties) {
			text, _ := json.Marshal(additional)
			arguments[AdditionalProperties] = Argument{Value: string(text), Set: true}
			for name, value := range additional {
				want[name] = value
			}
		}
		_, hasID := want[ClientID]
		_, hasSecret := want[ClientSecret]
		if !hasID && !hasSecret {
			want[ClientID], want[ClientSecret] = "p-id", "p-secret"
		}
		if !has(GrantType) {
			want[GrantType] = "client_credentials"
			if want[UserName] != nil || want[UserPassword] != nil {
				want[GrantType] = "password"
			}
		}
		request, err := NewRequest(Endpoint{}, Merge(arguments), "p-id", "p-secret")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, decoded(t, request.body)); diff != "" {
			t.Fatalf("payload of %v (-want +got):\n%s", arguments, diff)
		}
		if id, _ := want[ClientID].(string); request.ClientID() != id {
			t.Errorf("the client ID is %q, want %q", request.ClientID(), id)
		}
		if request.GrantType() != want[GrantType] {
			t.Errorf("the grant type is %q, want %q", request.GrantType(), want[GrantType])
		}
	}
}

func TestNewRequest_WritesOneSpelling(t *testing.T) {
	request := requestTo(t, "https://api.example", fieldsOf(ClientID, "i<d>&", ClientSecret, "s\"\\\n\u2028é😀",
		AdditionalProperties, `{"z": 1.0 , "a": [ 1E5, 0.10 ], "n": null, "": {"b":1 ,"a":2}}`))
	// encoding/json escapes U+2028 whatever it is told.
	const want = `{"":{"b":1,"a":2},"a":[1E5,0.10],"client_id":"i<d>&","client_secret":"s\"\\\n\u2028é😀","grant_type":"client_credentials","n":null,"z":1.0}`
	if diff := cmp.Diff(want, string(request.body)); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
}

func TestNewRequest_GrantTypeDefault(t *testing.T) {
	for _, row := range []struct {
		want      string
		arguments Arguments
	}{
		{"client_credentials", nil},
		{"client_credentials", fieldsOf(PasswordEncoding, "none")},
		{"client_credentials", fieldsOf(GrantType, "client_credentials", UserName, "u", UserPassword, "p")},
		{"client_credentials", fieldsOf(RequestJSON, `{"user_name":null,"user_password":null}`)},
		{"client_credentials", fieldsOf(RequestJSON, `{"grant_type":null}`)},
		{"client_credentials", fieldsOf(RequestJSON, `{"grant_type":"password"}`, GrantType, "client_credentials")},
		{"password", fieldsOf(UserName, "u")},
		{"password", fieldsOf(UserPassword, "p")},
		{"password", fieldsOf(RequestJSON, `{"user_name":"u"}`)},
		{"password", fieldsOf(RequestJSON, `{"user_password":"p"}`)},
		{"password", fieldsOf(RequestJSON, `{"grant_type":"password"}`)},
		{"password", fieldsOf(GrantType, "password")},
	} {
		request, err := NewRequest(Endpoint{}, Merge(row.arguments), "id", "secret")
		if err != nil {
			t.Fatal(err)
		}
		if got := decoded(t, request.body)[GrantType]; got != row.want {
			t.Errorf("%v: %v is sent, want %s", row.arguments, got, row.want)
		}
	}
}

func TestNewRequest_KeyTellsTokensApart(t *testing.T) {
	key := func(endpoint string, arguments Arguments) string { return requestTo(t, endpoint, arguments).key }
	base := fieldsOf(ClientID, "id", ClientSecret, "secret", AdditionalProperties, `{"a":1,"b":2}`)
	same := key("https://api.example", base)
	for name, other := range map[string]string{
		"an equivalent endpoint": key("https://API.example:443/", base),
		"another order":          key("https://api.example", fieldsOf(RequestJSON, `{"b": 2, "client_secret":"secret", "a": 1, "client_id":"\u0069d"}`)),
	} {
		if other != same {
			t.Errorf("%s makes another key", name)
		}
	}
	for name, other := range map[string]string{
		"another endpoint": key("https://api.example/prefix", base),
		"another secret":   key("https://api.example", fieldsOf(ClientID, "id", ClientSecret, "other", AdditionalProperties, `{"a":1,"b":2}`)),
		"another member":   key("https://api.example", fieldsOf(ClientID, "id", ClientSecret, "secret", AdditionalProperties, `{"a":1,"b":3}`)),
		"a number's digit": key("https://api.example", fieldsOf(ClientID, "id", ClientSecret, "secret", AdditionalProperties, `{"a":1,"b":2.0}`)),
	} {
		if other == same {
			t.Errorf("%s makes the same key", name)
		}
	}
}

func TestNewRequest_KnowsItsSecrets(t *testing.T) {
	request := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "id", ClientSecret, "secret",
		GrantType, "client_credentials", UserName, "user", UserPassword, "password",
		AdditionalProperties, `{"a":"text","b":["in array",{"c":"in object"}],"d":1234,"e":123,"f":true,"g":"true","h":"","i":null,"j":-12.5}`))
	slices.Sort(request.secrets)
	want := []string{"-12.5", "1234", "in array", "in object", "password", "secret", "text"}
	if diff := cmp.Diff(want, request.secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if request.userName != "" || request.userPassword != "" || request.passwordEncoding != "" {
		t.Error("a user that the API ignores is a part of the credential")
	}
	if secrets := appendLeaves(nil, json.RawMessage("{")); secrets != nil {
		t.Errorf("what is no JSON has the secrets %q", secrets)
	}

	user := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "id", ClientSecret, "secret",
		UserName, "user", UserPassword, md5OfPassword, PasswordEncoding, EncodingMD5B64))
	if user.clientSecret != "secret" || user.userName != "user" || user.userPassword != md5OfPassword || user.passwordEncoding != EncodingMD5B64 {
		t.Error("the credential of the password grant is not complete")
	}
	if fallback, err := NewRequest(Endpoint{}, Merge(nil), "id", "from elsewhere"); err != nil || !slices.Equal(fallback.secrets, []string{"from elsewhere"}) {
		t.Errorf("the secret from elsewhere is not one: %q, %v", fallback.secrets, err)
	}
}

func TestMarshalObject_RefusesWhatIsNoJSON(t *testing.T) {
	if body, err := marshalObject(map[string]json.RawMessage{"a": []byte("{")}); err == nil {
		t.Errorf("it makes %s", body)
	}
	payload := Merge(nil)
	payload.extra["a"] = []byte("x")
	if request, err := NewRequest(Endpoint{}, payload, "id", "secret"); err == nil {
		t.Errorf("it makes %s", request.body)
	} else if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestRequest_MayRepeatUnknownWithoutAGuard(t *testing.T) {
	if !(Request{}).mayRepeatUnknown() {
		t.Error("without a guard it may not")
	}
	for _, want := range []bool{true, false} {
		if got := (Request{repeatUnknown: func() bool { return want }}).mayRepeatUnknown(); got != want {
			t.Errorf("the guard says %t", want)
		}
	}
}
