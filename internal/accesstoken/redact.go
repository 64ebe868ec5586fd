package accesstoken

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	mask = "***"
	// maxErrorText is how many runes of a text from outside an error shows.
	maxErrorText = 300
	// shortSecret is the length in bytes below which a secret is masked only where
	// it stands alone: it may be part of any word.
	shortSecret = 8
	// longestWord is the length in bytes up to which letters alone may be an
	// ordinary word, and are masked only where they stand alone.
	longestWord = 24
	// maxEscapes is how many layers of escapes around a secret are seen through,
	// such as a JSON document quoted in a JSON string and sent URL-escaped.
	maxEscapes = 4
)

// redactor masks the secrets of one request in texts from outside.
type redactor struct{ patterns []pattern }

// pattern is one spelling of a secret without its escapes.
type pattern struct {
	text string
	// wholeWord says that the spelling counts only where no letter or digit
	// adjoins it.
	wholeWord bool
}

// newRedactor returns a redactor that finds each secret raw, JSON-escaped,
// URL-escaped, in any mixture of these, and in base64, also as a part of what
// was encoded.
func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	for _, secret := range secrets {
		if secret == "" {
			continue // it stands everywhere
		}
		r.add(secret, len(secret) < shortSecret || isWord(secret))
		for _, spelling := range []string{secret, quoted(secret, false), quoted(secret, true)} {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				encoded := encoding.EncodeToString([]byte(spelling))
				r.add(encoded, len(encoded) < shortSecret)
				for _, core := range base64Cores(encoding, spelling) {
					r.add(core, false)
				}
			}
		}
	}
	return r
}

// quoted returns a text as it stands inside a JSON string.
func quoted(text string, escapeHTML bool) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string always encodes
	return buffer.String()[1 : buffer.Len()-len("\"\n")]
}

// base64Cores returns what a text looks like inside the base64 of something that
// contains it: at each of the three ways in which its bytes may fall into groups
// of three, the characters that depend on it alone. Texts too short to be told
// from chance have none.
func base64Cores(encoding *base64.Encoding, text string) []string {
	if len(text) < shortSecret {
		return nil
	}
	var cores []string
	for offset, first := range []int{0, 2, 3} {
		encoded := encoding.EncodeToString(append(make([]byte, offset), text...))
		cores = append(cores, encoded[first:(offset+len(text))*8/6])
	}
	return cores
}

func (r *redactor) add(spelling string, wholeWord bool) {
	spelling = withoutPlus(spelling)
	for range maxEscapes {
		if candidate := (pattern{spelling, wholeWord}); !slices.Contains(r.patterns, candidate) {
			r.patterns = append(r.patterns, candidate)
		}
		plain, _ := unescape(spelling, nil)
		if plain == spelling {
			return
		}
		spelling = plain
	}
}

// isWord reports whether a text could be an ordinary word: letters of one case, but
// for the first.
func isWord(text string) bool {
	if len(text) > longestWord || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return false
	}
	_, width := utf8.DecodeRuneInString(text)
	rest := text[width:]
	return rest == strings.ToLower(rest) || text == strings.ToUpper(text)
}

// span is a part of a text, from the first byte to before the end.
type span struct{ start, end int }

// redact returns the text with every secret masked. Its time grows linearly with
// the text.
func (r *redactor) redact(text string) string {
	var found []span
	level, origin := withoutPlus(text), []int32(nil)
	for range maxEscapes + 1 {
		for _, pattern := range r.patterns {
			found = pattern.find(level, origin, found)
			found = pattern.findCut(level, origin, found)
		}
		plain, positions := unescape(level, origin)
		if plain == level {
			break
		}
		level, origin = plain, positions
	}
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	var masked strings.Builder
	done := 0
	for _, secret := range found {
		if secret.start >= done {
			masked.WriteString(text[done:secret.start])
			masked.WriteString(mask)
		}
		done = max(done, secret.end)
	}
	masked.WriteString(text[done:])
	return masked.String()
}

// find appends the places of the pattern in a text to found, as places in the
// original, which origin leads back to (nil: the text is the original).
func (p pattern) find(text string, origin []int32, found []span) []span {
	for from := 0; ; {
		index := strings.Index(text[from:], p.text)
		if index < 0 {
			return found
		}
		start, end := from+index, from+index+len(p.text)
		if p.wholeWord && (adjoins(p.text, text[:start], utf8.DecodeLastRuneInString, utf8.DecodeRuneInString) ||
			adjoins(p.text, text[end:], utf8.DecodeRuneInString, utf8.DecodeLastRuneInString)) {
			_, width := utf8.DecodeRuneInString(text[start:])
			from = start + width
			continue
		}
		from = end
		if origin != nil {
			start, end = int(origin[start]), int(origin[end])
		}
		found = append(found, span{start, end})
	}
}

// findCut appends the place where a text ends within the pattern, because whoever
// wrote it cut it there.
func (p pattern) findCut(text string, origin []int32, found []span) []span {
	end := len(strings.TrimRight(text, ". \u2026\"'`)]}>"))
	for length := min(len(p.text)-1, end); length >= shortSecret; length-- {
		if !strings.HasSuffix(text[:end], p.text[:length]) {
			continue
		}
		start := end - length
		if origin != nil {
			start, end = int(origin[start]), int(origin[end])
		}
		return append(found, span{start, end})
	}
	return found
}

// adjoins reports whether the word and the text beside it meet in letters or
// digits, so that the word is a part of a longer one.
func adjoins(word, beside string, lastOf, firstOf func(string) (rune, int)) bool {
	outer, _ := lastOf(beside)
	inner, _ := firstOf(word)
	return beside != "" && isAlphanumeric(outer) && isAlphanumeric(inner)
}

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// unescape undoes one layer of JSON and URL escapes, whichever it meets, and
// returns for each byte of the result, and its end, the place in the original
// that origin leads to. A text without escapes is returned as it is.
func unescape(text string, origin []int32) (string, []int32) {
	if !strings.ContainsAny(text, `\%`) {
		return text, origin
	}
	plain := make([]byte, 0, len(text))
	positions := make([]int32, 0, len(text)+1)
	for i := 0; i < len(text); {
		decoded, width := appendUnescaped(plain, text[i:])
		for range len(decoded) - len(plain) {
			positions = append(positions, originOf(i, origin))
		}
		plain = decoded
		i += width
	}
	return withoutPlus(string(plain)), append(positions, originOf(len(text), origin))
}

// withoutPlus makes each + a space, which it may stand for in a URL. At whatever
// layer that is: patterns and texts are compared without any.
func withoutPlus(text string) string { return strings.ReplaceAll(text, "+", " ") }

func originOf(i int, origin []int32) int32 {
	if origin != nil {
		return origin[i]
	}
	return int32(i)
}

// appendUnescaped appends what a text starts with, an escape or a single byte,
// and returns how many bytes it took.
func appendUnescaped(plain []byte, text string) ([]byte, int) {
	switch {
	case text[0] == '%' && len(text) >= 3:
		if value, ok := hexadecimal(text[1:3]); ok {
			return append(plain, byte(value)), 3
		}
	case text[0] == '\\' && len(text) >= 6 && text[1] == 'u':
		value, ok := hexadecimal(text[2:6])
		if !ok {
			break
		}
		if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
			if low, ok := hexadecimal(text[8:12]); ok && utf16.DecodeRune(value, low) != unicode.ReplacementChar {
				return utf8.AppendRune(plain, utf16.DecodeRune(value, low)), 12
			}
		}
		return utf8.AppendRune(plain, value), 6
	case text[0] == '\\' && len(text) >= 2:
		if index := strings.IndexByte(`"\/bfnrt`, text[1]); index >= 0 {
			return append(plain, "\"\\/\b\f\n\r\t"[index]), 2
		}
	}
	return append(plain, text[0]), 1
}

func hexadecimal(digits string) (rune, bool) {
	var value rune
	for _, digit := range []byte(digits) {
		index := strings.IndexByte("0123456789abcdef", digit|0x20)
		if index < 0 || digit < '0' {
			return 0, false
		}
		value = value<<4 | rune(index)
	}
	return value, true
}

// line returns a text from outside as an error or a log may show it: masked, on
// one line, printable and no longer than maxErrorText.
func (r *redactor) line(text string) string {
	masked := strings.ToValidUTF8(r.redact(text), "\uFFFD")
	printable := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, masked)
	// What is left out may have stood within a secret.
	short := []rune(strings.TrimSpace(r.redact(printable)))
	if len(short) > maxErrorText {
		return string(short[:maxErrorText]) + "..."
	}
	return string(short)
}

// body returns a request's or response's body as a log may show it: with the
// secrets masked and, in JSON, the values of all members that hold tokens or
// secrets. A body that names a token and is no JSON is left out.
func (r *redactor) body(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil && !decoder.More() {
		var masked bytes.Buffer
		encoder := json.NewEncoder(&masked)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(maskMembers(value)) == nil {
			return r.redact(strings.TrimSpace(masked.String()))
		}
	}
	if bytes.Contains(bytes.ToLower(body), []byte("token")) {
		return "(left out: not JSON, and it names a token)"
	}
	return r.redact(strings.ToValidUTF8(string(body), "\uFFFD"))
}

func maskMembers(value any) any {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			value[i] = maskMembers(element)
		}
	case map[string]any:
		for name, element := range value {
			if holdsSecret(name) {
				value[name] = mask
			} else {
				value[name] = maskMembers(element)
			}
		}
	}
	return value
}

// holdsSecret reports whether the member of that name holds a token or a secret.
// token_type and the time-outs do not.
func holdsSecret(name string) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, "_type") || strings.HasSuffix(name, "_timeout") {
		return false
	}
	return strings.Contains(name, "token") || strings.Contains(name, "secret") || strings.Contains(name, "password") && name != PasswordEncoding
}
