package accesstoken

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// hardSecrets are secrets that escapes, encodings or words can hide.
var hardSecrets = map[string]string{
	"plain":        "s3cr3t-0f-the-client",
	"quotes":       `say "hello" 'twice'`,
	"backslashes":  `C:\new\table\u0041\\x`,
	"newlines":     "first line\nsecond\tline\r\nthird",
	"HTML":         "a&b<c>d&amp;e",
	"URL":          "a+b c%20d%2Be/f?g=h&i#j",
	"unicode":      "pässwörd-日本語",
	"astral":       "clé-😀-𝔘𝔫𝔦-🔑",
	"slashes":      "https://a/b/c==",
	"separators":   "line\u2028paragraph\u2029end",
	"long":         strings.Repeat("0123456789abcdef-\"\\é", 512),
	"base64":       "bm90LWEtc2VjcmV0+/bm90LWEtc2VjcmV0==",
	"control":      "bell\u0007and\u001bescape\u007f",
	"a long word":  strings.Repeat("donaudampfschiff", 2),
	"an MD5 (b64)": "X03MO1qnZdYdgyfeuILPmQ==",
}

// escaped writes every rune as a JSON escape.
func escaped(text, format string) string {
	var all strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&all, format, unit)
	}
	return all.String()
}

// percent writes every byte as a URL escape.
func percent(text, format string) string {
	var all strings.Builder
	for _, b := range []byte(text) {
		fmt.Fprintf(&all, format, b)
	}
	return all.String()
}

// disguises are the forms in which a secret comes back from outside.
func disguises(secret string) map[string]string {
	html, _ := json.Marshal(secret)
	inString := quoted(secret, false)
	_, first := utf8.DecodeRuneInString(secret)
	return map[string]string{
		"raw":                        secret,
		"JSON":                       inString,
		"JSON with HTML escapes":     string(html[1 : len(html)-1]),
		"JSON with escaped slashes":  strings.ReplaceAll(inString, "/", `\/`),
		"JSON, lower-case hex":       escaped(secret, `\u%04x`),
		"JSON, upper-case hex":       escaped(secret, `\u%04X`),
		"JSON in JSON":               quoted(inString, false),
		"JSON in JSON in JSON":       quoted(quoted(inString, true), false),
		"query":                      url.QueryEscape(secret),
		"path":                       url.PathEscape(secret),
		"query, lower-case hex":      percent(secret, "%%%02x"),
		"query, upper-case hex":      percent(secret, "%%%02X"),
		"query, twice":               url.QueryEscape(url.QueryEscape(secret)),
		"JSON in a query":            url.QueryEscape(inString),
		"query in JSON":              quoted(url.QueryEscape(secret), true),
		"base64":                     base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, unpadded":           base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"base64url":                  base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64url, unpadded":        base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 in a query":          url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"base64 with escaped slash":  strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(secret)), "/", `\/`),
		"JSON in base64":             base64.StdEncoding.EncodeToString([]byte(inString)),
		"JSON with HTML in base64":   base64.StdEncoding.EncodeToString(html[1 : len(html)-1]),
		"half escaped":               escaped(secret[:first], `\u%04x`) + secret[first:],
		"mixed JSON and URL escapes": percent(secret[:first], "%%%02X") + quoted(secret[first:], false),
	}
}

func TestRedactor_MasksEveryDisguise(t *testing.T) {
	for name, secret := range hardSecrets {
		t.Run(name, func(t *testing.T) {
			redactor := newRedactor([]string{"another-s3cret", secret})
			for disguise, text := range disguises(secret) {
				got := redactor.redact("before (" + text + ") after")
				got = strings.NewReplacer("=", "", "%3D", "").Replace(got) // the padding tells nothing
				if got != "before (***) after" {
					t.Errorf("%s: %.200q of %.200q", disguise, got, text)
				}
			}
		})
	}
}

func TestRedactor_MasksInsideALargerBase64(t *testing.T) {
	for name, secret := range hardSecrets {
		redactor := newRedactor([]string{secret})
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
			for before := range 4 {
				for after := range 4 {
					inner := strings.Repeat("~", before) + secret + strings.Repeat("~", after)
					text := encoding.EncodeToString([]byte(inner))
					got := redactor.redact(text)
					// What is left of a character at either edge tells at most a part of one byte.
					if !strings.Contains(got, mask) || len(got) > len(mask)+before*4/3+after*4/3+8 {
						t.Errorf("%s at %d before %d: %.200q of %.200q", name, before, after, got, text)
					}
				}
			}
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte("the-id:" + hardSecrets["plain"]))
	if got := newRedactor([]string{hardSecrets["plain"]}).redact("Basic " + basic); !strings.Contains(got, mask) {
		t.Errorf("basic authentication stays: %s", got)
	}
}

func TestRedactor_DoesNotShredTheMessage(t *testing.T) {
	const message = "The client credentials are a failure; a secret was expected, passwords expire (error e1, id=a, x-a, á)."
	for _, row := range []struct{ secret, want string }{
		{"a", "The client credentials are *** failure; *** secret was expected, passwords expire (error e1, id=***, x-***, á)."},
		{"e", message},
		{"cred", message},
		{"password", message},
		{"passwords", strings.Replace(message, "passwords", "***", 1)},
		{"secret", strings.Replace(message, "secret", "***", 1)},
		{"credential", message},
		{"rror e1", message},
		{"error e1", strings.Replace(message, "error e1", "***", 1)},
		{"á", strings.Replace(message, "á", "***", 1)},
		{"entials are a fail", strings.Replace(message, "entials are a fail", "***", 1)},
		{"", message},
		{"***", message},
		{"(", strings.Replace(message, "(", "***", 1)},
	} {
		if got := newRedactor([]string{row.secret}).redact(message); got != row.want {
			t.Errorf("%q makes it %q", row.secret, got)
		}
	}
}

func TestRedactor_MasksAWordWhereItStandsAlone(t *testing.T) {
	redactor := newRedactor([]string{"secret"})
	for text, want := range map[string]string{
		`"client_secret":"secret"`:     `"client_***":"***"`,
		`secret`:                       `***`,
		`secretsecret secret`:          `secretsecret ***`,
		`secrets secretive unsecret`:   `secrets secretive unsecret`,
		`\nsecret\n`:                   `\n***\n`,
		`%20secret%20`:                 `%20***%20`,
		`9secret secret9`:              `9secret secret9`,
		`ésecret secreté -secret-`:     `ésecret secreté -***-`,
		`c2VjcmV0`:                     `***`,
		`\u0073ecret, \u0073ecretary!`: `***, \u0073ecretary!`,
		`secret` + "\xff" + `secret`:   `***` + "\xff" + `***`,
	} {
		if got := redactor.redact(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestRedactor_MasksWhatACutLeavesOfASecret(t *testing.T) {
	redactor := newRedactor([]string{`Zx9Kq7Lm2"Pw4Rt8Vb5`})
	for text, want := range map[string]string{
		`{"client_secret":"Zx9Kq7Lm`:           `{"client_secret":"***`,
		`{"client_secret":"Zx9Kq7Lm2\"Pw4R...`: `{"client_secret":"***...`,
		`cannot read Zx9Kq7Lm2%22Pw`:           `cannot read ***`,
		"cannot read Zx9Kq7Lm2\"Pw4\u2026":     "cannot read ***\u2026",
		`cannot read Zx9Kq7L`:                  `cannot read Zx9Kq7L`, // as short as any word
		`Zx9Kq7Lm is not at the end`:           `Zx9Kq7Lm is not at the end`,
	} {
		if got := redactor.redact(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestRedactor_MasksMixedCaseEverywhere(t *testing.T) {
	if got := newRedactor([]string{"QwertyUiopAsdfgh"}).redact("keyQwertyUiopAsdfghend"); got != "key***end" {
		t.Errorf("got %q", got)
	}
}

func TestRedactor_MasksOverlappingSecretsAsOne(t *testing.T) {
	redactor := newRedactor([]string{"first-part-of", "part-of-a-secret", "a-secret-and-more"})
	if got := redactor.redact("<first-part-of-a-secret-and-more> <part-of-a-secret>"); got != "<***> <***>" {
		t.Errorf("got %q", got)
	}
}

func TestRedactor_LeavesOtherEscapesAlone(t *testing.T) {
	redactor := newRedactor([]string{"s3cr3t-0f-the-client"})
	for _, text := range []string{
		"", `\`, `\u`, `\u00`, `\u00zz`, `%`, `%4`, `%zz`, `%%`, `a+b%2`, `\q\"`, `\ud83d`, `\ud83d\u0041`, `\ude00\ud83d`, "%\x10\x11", "\xff\xfe", `100 %`,
	} {
		if got := redactor.redact(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
		if got := redactor.redact(text + "s3cr3t-0f-the-client" + text); got != text+mask+text {
			t.Errorf("around a secret %q becomes %q", text, got)
		}
	}
}

func TestRedactor_TakesControlCharactersForNoDigits(t *testing.T) {
	const text = "%\x14\x11-s3cr3t" // of %41, but for one bit of each digit
	if got := newRedactor([]string{"A-s3cr3t"}).redact(text); got != text {
		t.Errorf("%q becomes %q", text, got)
	}
}

func TestRedactor_LineIsOnePrintableLineOfLimitedLength(t *testing.T) {
	redactor := newRedactor([]string{"s3cr3t-0f-the-client"})
	for text, want := range map[string]string{
		" a\r\nb\tc\u00a0d\u2028e ":          "a  b c d e",
		"a\x00\x1b[31mb\u202ec\u200bd\u007f": "a[31mbcd",
		"a\xffb\xc3":                         "a\uFFFDb\uFFFD",
		"\n\t":                               "",
		strings.Repeat("é", 300):             strings.Repeat("é", 300),
		strings.Repeat("é", 301):             strings.Repeat("é", 300) + "...",
		strings.Repeat("a", 299) + "s3cr3t-0f-the-client": strings.Repeat("a", 299) + "*...",
		// What is left out, or becomes a space, must not have hidden a secret.
		"s3cr3t\x00-0f-the-client":           "***",
		"s3cr3t-\u200b0f-\u202ethe-client\n": "***",
	} {
		if got := redactor.line(text); got != want {
			t.Errorf("%.60q becomes %q, want %q", text, got, want)
		}
	}
	for secret, text := range map[string]string{
		"two words here": "two\twords\nhere",
		"mark\uFFFDed-s": "mark\xffed-s",
	} {
		if got := newRedactor([]string{secret}).line(text); got != mask {
			t.Errorf("%q hides as %q", secret, got)
		}
	}
}

func TestRedactor_BodyMasksTokensAndSecrets(t *testing.T) {
	redactor := newRedactor([]string{"s3cr3t-0f-the-client"})
	for body, want := range map[string]string{
		`{"access_token": "t0ken", "token_type": "Bearer", "token_timeout": "3599", "refresh_token": "t0ken", "refresh_token_timeout": 5182560}`: `{"access_token":"***","refresh_token":"***","refresh_token_timeout":5182560,"token_timeout":"3599","token_type":"Bearer"}`,
		`{"client_id":"id","client_secret":"x","user_password":"y","password_encoding":"none","user_name":"u"}`:                                  `{"client_id":"id","client_secret":"***","password_encoding":"none","user_name":"u","user_password":"***"}`,
		`[{"a":{"accessToken":{"deep":1}}},{"Client_Secret":null,"PASSWORD":[1]}]`:                                                               `[{"a":{"accessToken":"***"}},{"Client_Secret":"***","PASSWORD":"***"}]`,
		`{"n":1.50,"t":"<&>","echo":"{\"client_secret\":\"s3cr3t-0f-the-client\"}"}`:                                                             `{"echo":"{\"client_secret\":\"***\"}","n":1.50,"t":"<&>"}`,
		`{"s3cr3t-0f-the-client":1}`:             `{"***":1}`,
		`"s3cr3t-0f-the-client"`:                 `"***"`,
		`<html>s3cr3t-0f-the-client</html>`:      `<html>***</html>`,
		`{"access_token":"t0ken`:                 `(left out: not JSON, and it names a token)`,
		`{"a":1}{"ACCESS_TOKEN":"t0ken"}`:        `(left out: not JSON, and it names a token)`,
		`{"a":1}{"b":"s3cr3t-0f-the-client"}`:    `{"a":1}{"b":"***"}`,
		"":                                       "",
		"bad \xff s3cr3t-0f-the-client":          "bad \uFFFD ***",
		`{"a":"\ud800 s3cr3t-0f-the-client \n"}`: `{"a":"` + "\uFFFD" + ` *** \n"}`,
	} {
		if got := redactor.body([]byte(body)); got != want {
			t.Errorf("%s becomes\n%s, want\n%s", body, got, want)
		}
	}
}

// hostileText is a MiB that almost contains a secret everywhere, under escapes.
func hostileText(secret string) string {
	part := secret[:len(secret)-1] + `\u0073%5c\\`
	return strings.Repeat(part, (1<<20)/len(part)+1)[:1<<20-1] + "-"
}

func TestRedactor_WorkGrowsWithTheTextAlone(t *testing.T) {
	secret := hardSecrets["plain"]
	redactor := newRedactor([]string{secret})
	text := hostileText(secret)
	small := testing.AllocsPerRun(3, func() { redactor.redact(text[:1<<10]) })
	large := testing.AllocsPerRun(3, func() { redactor.redact(text) })
	if large > small+32 {
		t.Errorf("1 KiB takes %.0f allocations and 1 MiB %.0f", small, large)
	}
	if got := redactor.redact(text); !utf8.ValidString(got) || got != text {
		t.Error("a text without the secret is changed")
	}
}

func BenchmarkRedactor_1MiBHostile(b *testing.B) {
	redactor := newRedactor([]string{hardSecrets["plain"]})
	text := hostileText(hardSecrets["plain"])
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		redactor.redact(text)
	}
}

func BenchmarkRedactor_1MiBOfOneLetter(b *testing.B) {
	redactor := newRedactor([]string{"a", strings.Repeat("a", 7), strings.Repeat("a", 10<<10)})
	text := strings.Repeat("a", 1<<20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		redactor.redact(text)
	}
}
