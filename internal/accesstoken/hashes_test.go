package accesstoken

import (
	"bytes"
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/scrypt"
)

func TestHashes_AccountIsEndpointClientIDAndUserName(t *testing.T) {
	h := newHashes([]byte("key"))
	base := fieldsOf(ClientID, "id", ClientSecret, "secret", UserName, "user", UserPassword, "password")
	with := func(name, value string) Arguments {
		changed := fieldsOf()
		for name, argument := range base {
			changed[name] = argument
		}
		changed[name] = Argument{Value: value, Set: true}
		return changed
	}
	account := h.account(requestTo(t, DefaultEndpoint, base))
	for _, test := range []struct {
		name    string
		request Request
		same    bool
	}{
		{"the same", requestTo(t, DefaultEndpoint, base), true},
		{"an equivalent endpoint", requestTo(t, "HTTPS://API.equinix.com:443/", base), true},
		{"another endpoint", requestTo(t, "https://sandboxapi.equinix.com", base), false},
		{"another client", requestTo(t, DefaultEndpoint, with(ClientID, "other")), false},
		{"another user", requestTo(t, DefaultEndpoint, with(UserName, "other")), false},
		{"another secret", requestTo(t, DefaultEndpoint, with(ClientSecret, "other")), true},
		{"another password", requestTo(t, DefaultEndpoint, with(UserPassword, "other")), true},
		{"more properties", requestTo(t, DefaultEndpoint, with(AdditionalProperties, `{"a":1}`)), true},
		{"no user", requestWith(t, "id", "secret"), false},
	} {
		if same := h.account(test.request) == account; same != test.same {
			t.Errorf("%s: the same account: %t, want %t", test.name, same, test.same)
		}
	}
}

func TestHashes_CredentialIsAllThatIsJudged(t *testing.T) {
	h := newHashes([]byte("key"))
	request := func(namesAndValues ...string) string {
		return h.credential(requestTo(t, DefaultEndpoint, fieldsOf(append([]string{ClientID, "id"}, namesAndValues...)...)))
	}
	user := []string{ClientSecret, "secret", UserName, "user", UserPassword, "X03MO1qnZdYdgyfeuILPmQ=="}
	names := map[string]string{}
	for name, credential := range map[string]string{
		"secret":           request(ClientSecret, "secret"),
		"another secret":   request(ClientSecret, "secret2"),
		"user":             request(user...),
		"another password": request(ClientSecret, "secret", UserName, "user", UserPassword, "password2"),
		"hashed":           request(append(user, PasswordEncoding, EncodingMD5B64)...),
	} {
		if other, ok := names[credential]; ok {
			t.Errorf("%s and %s are the same credential", name, other)
		}
		names[credential] = name
	}
	for _, encoding := range []string{EncodingNone, "other"} {
		if request(user...) != request(append(user, PasswordEncoding, encoding)...) {
			t.Errorf("the encoding %q, which the API takes for none, makes another credential", encoding)
		}
	}
	if request(ClientSecret, "secret") != request(ClientSecret, "secret", AdditionalProperties, `{"a":1}`) {
		t.Error("another property makes another credential")
	}
}

func TestHashes_SumTellsPartsApart(t *testing.T) {
	h := newHashes([]byte("key"))
	sums := map[string][]string{}
	for _, parts := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {}} {
		sum := h.sum(parts...)
		if other, ok := sums[sum]; ok {
			t.Errorf("%q and %q have the same sum", parts, other)
		}
		sums[sum] = parts
		if content, err := hex.DecodeString(sum); err != nil || len(content) != 16 {
			t.Errorf("the sum of %q is %s", parts, sum)
		}
	}
}

func TestHashes_NeedTheKey(t *testing.T) {
	request := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "id", ClientSecret, "secret", UserName, "user", UserPassword, "password"))
	a, b := newHashes(bytes.Repeat([]byte{1}, keySize)), newHashes(bytes.Repeat([]byte{2}, keySize))
	if a.account(request) == b.account(request) || a.credential(request) == b.credential(request) || a.password("password") == b.password("password") {
		t.Error("another key makes the same hash")
	}
}

func TestHashes_UserPasswordGoesThroughScrypt(t *testing.T) {
	h := newHashes(bytes.Repeat([]byte{1}, keySize))
	want, err := scrypt.Key([]byte("password"), h.key, 1<<15, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is remembered
		if sum := h.password("password"); sum != string(want) {
			t.Errorf("the hash is %x, want %x", sum, want)
		}
	}
	if sum := h.password(""); sum != "" {
		t.Errorf("no password has the hash %x", sum)
	}
	request := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "id", ClientSecret, "secret", UserName, "user", UserPassword, "password"))
	if h.credential(request) != h.sum("credential", "secret", GrantPassword, string(want), "") {
		t.Error("the credential's hash is made of something else than the password's slow hash")
	}
}
