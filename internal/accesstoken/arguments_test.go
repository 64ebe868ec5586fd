package accesstoken

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found writes problems as "argument: error or warning: summary".
func found(problems []Problem) []string {
	var lines []string
	for _, problem := range problems {
		kind := "error"
		if problem.Warning {
			kind = "warning"
		}
		lines = append(lines, problem.Argument+": "+kind+": "+problem.Summary)
	}
	return lines
}

const (
	md5OfPassword = "X03MO1qnZdYdgyfeuILPmQ==" // of "password"
	retired       = "grant_type: warning: The password grant is retired"
)

func TestMerge_FindsProblems(t *testing.T) {
	// Every value of a secret below contains this, and no problem may.
	const secret = "s3cr3t"
	for _, row := range []struct {
		name      string
		arguments Arguments
		want      []string
		detail    string // a part of the first problem's
	}{
		{"nothing is set", nil, nil, ""},
		{"a pair", fieldsOf(ClientID, "id", ClientSecret, secret), nil, ""},
		{"a pair in request", fieldsOf(RequestJSON, `{"client_id":"id","client_secret":"s3cr3t"}`), nil, ""},
		{"a pair in two places of one block", fieldsOf(ClientID, "id", RequestJSON, `{"client_secret":"s3cr3t"}`), nil, ""},
		{"an ID alone", fieldsOf(ClientID, "id"), []string{"client_id: error: client_secret is missing"}, "The argument client_id is set"},
		{"a secret alone", fieldsOf(ClientSecret, secret), []string{"client_secret: error: client_id is missing"}, "The argument client_secret is set"},
		{"an ID alone in request", fieldsOf(RequestJSON, `{"client_id":"id"}`), []string{"request: error: client_secret is missing"}, "The member client_id of request is set"},
		{"a secret alone in request", fieldsOf(RequestJSON, `{"client_secret":"s3cr3t"}`), []string{"request: error: client_id is missing"}, "The member client_secret of request is set"},
		{"a secret that is null in request", fieldsOf(ClientID, "id", RequestJSON, `{"client_secret":null}`), []string{"client_id: error: client_secret is missing"}, ""},

		{"an empty ID", fieldsOf(ClientID, "", ClientSecret, secret), []string{"client_id: error: client_id is not usable"}, "The argument client_id is an empty string"},
		{"an empty secret", fieldsOf(ClientID, "id", ClientSecret, ""), []string{"client_secret: error: client_secret is not usable"}, "is an empty string"},
		{"an empty grant type", fieldsOf(GrantType, ""), []string{"grant_type: error: grant_type is not usable"}, "is an empty string"},
		{"an empty encoding", fieldsOf(UserName, "u", UserPassword, secret, PasswordEncoding, ""), []string{"password_encoding: error: password_encoding is not usable", retired}, "is an empty string"},
		{"a secret with a newline", fieldsOf(ClientID, "id", ClientSecret, secret+"\n"), []string{"client_secret: error: client_secret is not usable"}, "begins or ends with white space"},
		{"a secret with a byte order mark", fieldsOf(ClientID, "id", ClientSecret, "\ufeff"+secret), []string{"client_secret: error: client_secret is not usable"}, "begins or ends with an invisible character"},
		{"an ID with a no-break space", fieldsOf(ClientID, "\u00a0id", ClientSecret, secret), []string{"client_id: error: client_id is not usable"}, "begins or ends with white space"},
		{"a secret with spaces in request", fieldsOf(RequestJSON, `{"client_id":"id","client_secret":" s3cr3t"}`), []string{"request: error: client_secret is not usable"}, "The member client_secret of request begins"},
		{"a secret that is not UTF-8", fieldsOf(ClientID, "id", ClientSecret, secret+"\xff."), []string{"client_secret: error: client_secret is not usable"}, "is not valid UTF-8"},
		{"a password with a space", fieldsOf(UserName, "u", UserPassword, secret+" "), []string{"user_password: error: user_password is not usable", retired}, "md5-b64"},
		{"white space inside", fieldsOf(ClientID, "i d", ClientSecret, "s3cr3t\ns3cr3t"), nil, ""},
		{"two unusable values", fieldsOf(ClientID, "", ClientSecret, " "), []string{
			"client_id: error: client_id is not usable", "client_secret: error: client_secret is not usable",
		}, ""},

		{"client_credentials", fieldsOf(GrantType, GrantClientCredentials), nil, ""},
		{"password", fieldsOf(GrantType, GrantPassword, UserName, "u", UserPassword, secret), []string{retired}, "2025-01-07"},
		{"password by a user name and a password", fieldsOf(UserName, "u", UserPassword, secret), []string{retired}, ""},
		{"a password alone", fieldsOf(UserPassword, secret), []string{"user_name: error: user_name is missing", retired}, "needs both"},
		{"a user name alone", fieldsOf(UserName, "u"), []string{"user_password: error: user_password is missing", retired}, "needs both"},
		{"no user", fieldsOf(GrantType, GrantPassword), []string{"user_name: error: user_name is missing", "user_password: error: user_password is missing", retired}, ""},
		{"password in request without a user", fieldsOf(RequestJSON, `{"grant_type":"password"}`), []string{"user_name: error: user_name is missing", "user_password: error: user_password is missing", retired}, ""},
		{"another grant type", fieldsOf(GrantType, "refresh"), []string{"grant_type: error: grant_type is not usable"}, `must be "client_credentials" or "password"`},
		{"another grant type in request", fieldsOf(RequestJSON, `{"grant_type":"s3cr3t"}`), []string{"request: error: grant_type is not usable"}, "The member grant_type of request must be"},
		{"a user with client_credentials", fieldsOf(GrantType, GrantClientCredentials, UserName, "u", UserPassword, secret, PasswordEncoding, "none"), []string{
			"user_name: warning: user_name is ignored", "user_password: warning: user_password is ignored", "password_encoding: warning: password_encoding is ignored",
		}, "The argument user_name has no effect"},
		{"a user in request with client_credentials", fieldsOf(GrantType, GrantClientCredentials, RequestJSON, `{"user_name":"s3cr3t"}`), []string{"request: warning: user_name is ignored"}, "The member user_name of request has no effect"},
		{"an encoding without a user", fieldsOf(PasswordEncoding, EncodingMD5B64), []string{"password_encoding: warning: password_encoding is ignored"}, ""},

		{"an MD5", fieldsOf(UserName, "u", UserPassword, md5OfPassword, PasswordEncoding, EncodingMD5B64), []string{retired}, ""},
		{"a raw password for an MD5", fieldsOf(UserName, "u", UserPassword, secret, PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"the MD5 in hexadecimal", fieldsOf(UserName, "u", UserPassword, "NWY0ZGNjM2I1YWE3NjVkNjFkODMyN2RlYjg4MmNmOTk=", PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"an MD5 without padding", fieldsOf(UserName, "u", UserPassword, md5OfPassword[:22], PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"an MD5 with bits in the padding", fieldsOf(UserName, "u", UserPassword, "X03MO1qnZdYdgyfeuILPmR==", PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"an MD5 on two lines", fieldsOf(UserName, "u", UserPassword, "X03MO1qnZdYd\ngyfeuILPmQ==", PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"an MD5 on two lines of DOS", fieldsOf(UserName, "u", UserPassword, "X03MO1qnZdYd\rgyfeuILPmQ==", PasswordEncoding, EncodingMD5B64), []string{retired, "user_password: error: user_password is not an MD5 in base64"}, ""},
		{"a raw password for an MD5 in request", fieldsOf(UserName, "u", RequestJSON, `{"user_password":"s3cr3t","password_encoding":"md5-b64"}`), []string{retired, "request: error: user_password is not an MD5 in base64"}, ""},
		{"an empty password for an MD5", fieldsOf(UserName, "u", UserPassword, "", PasswordEncoding, EncodingMD5B64), []string{"user_password: error: user_password is not usable", retired}, ""},
		{"no password for an MD5", fieldsOf(UserName, "u", PasswordEncoding, EncodingMD5B64), []string{"user_password: error: user_password is missing", retired}, ""},
		{"no encoding", fieldsOf(UserName, "u", UserPassword, secret, PasswordEncoding, EncodingNone), []string{retired}, ""},
		{"another encoding", fieldsOf(UserName, "u", UserPassword, secret, PasswordEncoding, "sha256"), []string{retired, "password_encoding: warning: password_encoding is not one that the API knows"}, ""},
		{"another encoding in request", fieldsOf(UserName, "u", UserPassword, secret, RequestJSON, `{"password_encoding":"s3cr3t"}`), []string{retired, "request: warning: password_encoding is not one that the API knows"}, ""},

		{"request is no JSON", fieldsOf(RequestJSON, secret), []string{"request: error: request is not a JSON object"}, "it is not valid JSON at line 1, column 1"},
		{"request is empty", fieldsOf(RequestJSON, ""), []string{"request: error: request is not a JSON object"}, "at line 1, column 1"},
		{"request is null", fieldsOf(RequestJSON, "null"), []string{"request: error: request is not a JSON object"}, "another kind of JSON value"},
		{"request is a string", fieldsOf(RequestJSON, `"s3cr3t"`), []string{"request: error: request is not a JSON object"}, "another kind of JSON value"},
		{"request repeats a member", fieldsOf(RequestJSON, `{"s3cr3t":1,"s3cr3t":2}`), []string{"request: error: request is not a JSON object"}, "a member is written twice"},
		{"request repeats a member with an escape", fieldsOf(RequestJSON, `{"a":1,"\u0061":"s3cr3t"}`), []string{"request: error: request is not a JSON object"}, "a member is written twice"},
		{"request is not UTF-8", fieldsOf(RequestJSON, "{\"s3cr3t\":\"\xff\"}"), []string{"request: error: request is not a JSON object"}, "it is not valid UTF-8"},
		{"request has a number for a string", fieldsOf(ClientID, "id", ClientSecret, secret, RequestJSON, `{"user_name":5,"client_secret":["s3cr3t"],"client_id":true}`), []string{
			"request: error: request has a member that is not a string", "request: error: request has a member that is not a string", "request: error: request has a member that is not a string",
		}, "The member client_id of request must be a string"},
		{"additional_properties is no JSON", fieldsOf(AdditionalProperties, "{\n  \"a\": s3cr3t}"), []string{"additional_properties: error: additional_properties is not a JSON object"}, "at line 2, column 8"},
		{"additional_properties is an array", fieldsOf(AdditionalProperties, `["s3cr3t"]`), []string{"additional_properties: error: additional_properties is not a JSON object"}, "another kind of JSON value"},
		{"additional_properties repeats fields", fieldsOf(AdditionalProperties, `{"grant_type":"s3cr3t","client_id":null}`), []string{
			"additional_properties: error: additional_properties repeats a named field", "additional_properties: error: additional_properties repeats a named field",
		}, "Use the argument client_id for it"},
		{"both", fieldsOf(AdditionalProperties, `{`, RequestJSON, `}`), []string{
			"request: error: request is not a JSON object", "additional_properties: error: additional_properties is not a JSON object",
		}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			problems := Merge(row.arguments).Problems()
			if diff := cmp.Diff(row.want, found(problems)); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if row.detail != "" && !strings.Contains(problems[0].Detail, row.detail) {
				t.Errorf("the detail is %q, want one with %q", problems[0].Detail, row.detail)
			}
			for _, problem := range problems {
				if text := problem.Summary + problem.Detail; strings.Contains(text, secret) {
					t.Errorf("the problem shows a value: %s", text)
				} else if !strings.Contains(text, problem.Argument) {
					t.Errorf("the problem does not name %s: %s", problem.Argument, text)
				}
			}
		})
	}
}

// TestMerge_ReportsOfUnknownValuesOnlyWhatHoldsForAllOfThem resolves unknown
// arguments in every way: what was reported before must be true of each.
func TestMerge_ReportsOfUnknownValuesOnlyWhatHoldsForAllOfThem(t *testing.T) {
	names := []string{ClientID, ClientSecret, GrantType, UserName, UserPassword, PasswordEncoding, RequestJSON, AdditionalProperties}
	values := map[string][]string{
		ClientID:             {"id"},
		ClientSecret:         {"secret"},
		GrantType:            {GrantClientCredentials, GrantPassword},
		UserName:             {"user"},
		UserPassword:         {"raw", md5OfPassword},
		PasswordEncoding:     {EncodingMD5B64},
		RequestJSON:          {`{"client_id":"i","client_secret":"s","user_name":"u"}`},
		AdditionalProperties: {`{}`},
	}
	var resolve func(i int, open, resolved Arguments, visit func(Arguments))
	resolve = func(i int, open, resolved Arguments, visit func(Arguments)) {
		if i == len(names) {
			visit(resolved)
			return
		}
		name := names[i]
		argument := open[name]
		if !argument.Unknown {
			resolved[name] = argument
			resolve(i+1, open, resolved, visit)
			return
		}
		resolved[name] = Argument{}
		resolve(i+1, open, resolved, visit)
		for _, value := range values[name] {
			resolved[name] = Argument{Value: value, Set: true}
			resolve(i+1, open, resolved, visit)
		}
	}
	checked := 0
	var choose func(i int, open Arguments)
	choose = func(i int, open Arguments) {
		if i == len(names) {
			problems := found(Merge(open).Problems())
			if len(problems) == 0 {
				return
			}
			resolve(0, open, Arguments{}, func(resolved Arguments) {
				checked++
				later := found(Merge(resolved).Problems())
				for _, problem := range problems {
					if !slices.Contains(later, problem) {
						t.Fatalf("%+v has the problem %q, but %+v has only %q", open, problem, resolved, later)
					}
				}
			})
			return
		}
		open[names[i]] = Argument{}
		choose(i+1, open)
		open[names[i]] = Argument{Unknown: true}
		choose(i+1, open)
		if names[i] != AdditionalProperties {
			open[names[i]] = Argument{Value: values[names[i]][0], Set: true}
			choose(i+1, open)
		}
	}
	choose(0, Arguments{})
	if checked == 0 {
		t.Fatal("nothing was checked")
	}
}

func TestMerge_WithUnknownValuesStillFindsWhatIsCertain(t *testing.T) {
	unknown := Argument{Unknown: true}
	for _, row := range []struct {
		name      string
		arguments Arguments
		want      []string
	}{
		{"everything unknown", Arguments{
			ClientID: unknown, ClientSecret: unknown, GrantType: unknown, UserName: unknown, UserPassword: unknown,
			PasswordEncoding: unknown, RequestJSON: unknown, AdditionalProperties: unknown,
		}, nil},
		{"the user name", Arguments{UserName: unknown, UserPassword: {Value: "p", Set: true}}, []string{retired}},
		{"the password", Arguments{UserPassword: unknown, UserName: {Value: "u", Set: true}}, []string{retired}},
		{"the password of an MD5", Arguments{UserPassword: unknown, UserName: {Value: "u", Set: true}, PasswordEncoding: {Value: EncodingMD5B64, Set: true}}, []string{retired}},
		{"request beside an ID", Arguments{RequestJSON: unknown, ClientID: {Value: "id", Set: true}}, nil},
		{"request beside the password grant", Arguments{RequestJSON: unknown, GrantType: {Value: GrantPassword, Set: true}}, []string{retired}},
		{"request beside a user", Arguments{RequestJSON: unknown, UserName: {Value: "u", Set: true}}, nil},
		{"request beside an empty secret", Arguments{RequestJSON: unknown, ClientSecret: {Set: true}}, []string{"client_secret: error: client_secret is not usable"}},
		{"an ID over a bad one in request", Arguments{ClientID: unknown, RequestJSON: {Value: `{"client_id":" ","client_secret":"s"}`, Set: true}}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, found(Merge(row.arguments).Problems())); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPayload_HasCredentialsWithEitherHalf(t *testing.T) {
	for _, row := range []struct {
		arguments Arguments
		want      bool
	}{
		{nil, false},
		{fieldsOf(GrantType, GrantClientCredentials), false},
		{fieldsOf(AdditionalProperties, `{"client":"x"}`), false},
		{fieldsOf(RequestJSON, `{"client_id":null,"client_secret":null}`), false},
		{fieldsOf(ClientID, "id"), true},
		{fieldsOf(ClientSecret, "secret"), true},
		{fieldsOf(RequestJSON, `{"client_secret":"s"}`), true},
		{Arguments{ClientID: {Unknown: true}}, true},
	} {
		if got := Merge(row.arguments).HasCredentials(); got != row.want {
			t.Errorf("%+v: %t", row.arguments, got)
		}
	}
}

func TestIsSecret_IsTrueOfWhatTheSchemaMarksSensitive(t *testing.T) {
	var secret []string
	for _, name := range append([]string{AdditionalProperties, RequestJSON}, fieldNames...) {
		if IsSecret(name) {
			secret = append(secret, name)
		}
	}
	slices.Sort(secret)
	if diff := cmp.Diff([]string{AdditionalProperties, ClientSecret, RequestJSON, UserPassword}, secret); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func TestParseObject_TellsThePlaceAndNothingElse(t *testing.T) {
	const deep = 10001
	for _, row := range []struct{ text, want string }{
		{"", "it is not valid JSON at line 1, column 1"},
		{"  \n ", "it is not valid JSON at line 2, column 1"},
		{"{", "it is not valid JSON at line 1, column 1"},
		{`{"a":1`, "it is not valid JSON at line 1, column 6"},
		{`{"a":1]`, "it is not valid JSON at line 1, column 7"},
		{`{"a":x}`, "it is not valid JSON at line 1, column 6"},
		{"{\n \"a\": 1,\n \"b\": tru3}", "it is not valid JSON at line 3, column 10"},
		{"{\r\n \"a\": 'x'}", "it is not valid JSON at line 2, column 7"},
		{`{1:2}`, "it is not valid JSON at line 1, column 2"},
		{`{"a" 1}`, "it is not valid JSON at line 1, column 6"},
		{`{"a":1,}`, "it is not valid JSON at line 1, column 8"},
		{`{"a":{"b":]}}`, "it is not valid JSON at line 1, column 11"},
		{`{"a":1} x`, "it is not valid JSON at line 1, column 9"},
		{"{\"a\":1}\n{}", "it is not valid JSON at line 2, column 1"},
		{`{"é😀": é}`, "it is not valid JSON at line 1, column 8"},
		{"{\"a\":\"x\ny\"}", "it is not valid JSON at line 1, column 8"},
		{`{"a":` + strings.Repeat("[", deep), fmt.Sprintf("it is not valid JSON at line 1, column %d", deep+4)},
		{`[1]`, "it is another kind of JSON value"},
		{` null `, "it is another kind of JSON value"},
		{`12`, "it is another kind of JSON value"},
		{`{"a":1,"b":2,"a":3}`, "a member is written twice"},
		{"{\"\xff\":1}", "it is not valid UTF-8"},
	} {
		members, err := parseObject(row.text)
		if err == nil {
			t.Errorf("%.40q is taken for %v", row.text, members)
		} else if err.Error() != row.want {
			t.Errorf("%.40q: got %q, want %q", row.text, err, row.want)
		}
	}
}

func TestParseObject_KeepsMembersAsWritten(t *testing.T) {
	members, err := parseObject(" {\"n\": 1.50e3 ,\n\"\\u0061\" : [ 1, {\"x\":null} ] , \"\": \"\", \"A\": 1, \"z\": null} \n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]json.RawMessage{"n": []byte("1.50e3"), "a": []byte(`[ 1, {"x":null} ]`), "": []byte(`""`), "A": []byte("1"), "z": []byte("null")}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(members))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}
