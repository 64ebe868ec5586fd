package accesstoken

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names of the arguments. All but the last two are also the names of the
// payload's fields.
const (
	ClientID             = "client_id"
	ClientSecret         = "client_secret"
	GrantType            = "grant_type"
	UserName             = "user_name"
	UserPassword         = "user_password"
	PasswordEncoding     = "password_encoding"
	AdditionalProperties = "additional_properties"
	RequestJSON          = "request"
)

// The values of grant_type.
const (
	GrantClientCredentials = "client_credentials"
	GrantPassword          = "password"
)

// The values of password_encoding that mean something; the API takes any other
// for EncodingNone.
const (
	EncodingNone   = "none"
	EncodingMD5B64 = "md5-b64"
)

// fieldNames are the payload's fields that have an argument of their own.
var fieldNames = []string{ClientID, ClientSecret, GrantType, UserName, UserPassword, PasswordEncoding}

// IsSecret reports whether the values of the argument must never be shown.
func IsSecret(argument string) bool {
	switch argument {
	case ClientSecret, UserPassword, AdditionalProperties, RequestJSON:
		return true
	}
	return false
}

// Argument is the value of an argument. Its zero value is one that is not set.
type Argument struct {
	Value string
	// Set says that there is a value, or that there will be one.
	Set bool
	// Unknown says that the value, or whether there is one, is not known yet.
	Unknown bool
}

// Arguments are what a configuration says of a token request, by name.
type Arguments map[string]Argument

// Problem is a mistake in the arguments, or a warning of one.
type Problem struct {
	// Argument is the name of the argument at fault.
	Argument string
	// Summary and Detail say what is wrong, where and what to do. They name the
	// argument and never show the value of a secret.
	Summary string
	Detail  string
	// Warning says that a request can be made all the same.
	Warning bool
}

// Payload is what the arguments add up to: the members of request, the named
// arguments over them, additional_properties over both.
type Payload struct {
	fields map[string]field           // those that are set or unknown
	extra  map[string]json.RawMessage // all other members
	// open says that request is not known yet, so that any field may be set.
	open     bool
	problems []Problem
}

// field is the value of a payload field and the argument that it comes from.
type field struct {
	Argument
	from string // the argument's name: the field's own, or request
}

// describe names the field for a message.
func (f field) describe(name string) string {
	if f.from == RequestJSON {
		return "The member " + name + " of request"
	}
	return "The argument " + name
}

// Merge adds up the arguments. It makes no request; the mistakes that it finds
// are in Problems.
func Merge(arguments Arguments) *Payload {
	p := &Payload{fields: map[string]field{}, extra: map[string]json.RawMessage{}}
	p.mergeRequest(arguments[RequestJSON])
	for _, name := range fieldNames {
		if argument := arguments[name]; argument.Set || argument.Unknown {
			p.fields[name] = field{Argument: argument, from: name}
		}
	}
	p.mergeAdditionalProperties(arguments[AdditionalProperties])
	p.checkFields()
	p.checkPair()
	p.checkGrant()
	p.checkEncoding()
	return p
}

// Problems returns the mistakes and warnings found, in the order of the
// arguments' weight: what is wrong by itself before what does not fit together.
func (p *Payload) Problems() []Problem { return p.problems }

// HasCredentials reports whether the arguments give a client_id or a
// client_secret, so that no other source may supply either.
func (p *Payload) HasCredentials() bool {
	_, id := p.fields[ClientID]
	_, secret := p.fields[ClientSecret]
	return id || secret
}

func (p *Payload) fail(argument, summary, detail string) {
	p.problems = append(p.problems, Problem{Argument: argument, Summary: summary, Detail: detail})
}

func (p *Payload) warn(argument, summary, detail string) {
	p.problems = append(p.problems, Problem{Argument: argument, Summary: summary, Detail: detail, Warning: true})
}

func (p *Payload) mergeRequest(argument Argument) {
	if argument.Unknown {
		p.open = true
		return
	}
	if !argument.Set {
		return
	}
	members, err := parseObject(argument.Value)
	if err != nil {
		p.fail(RequestJSON, "request is not a JSON object", "The argument request must be a JSON object, as jsonencode({...}) makes it: "+err.Error()+".")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		switch {
		case !slices.Contains(fieldNames, name):
			p.extra[name] = raw
		case string(raw) == "null": // what jsonencode makes of a variable that is not set
		default:
			var text string
			if json.Unmarshal(raw, &text) != nil {
				p.fail(RequestJSON, "request has a member that is not a string", "The member "+name+" of request must be a string.")
				continue
			}
			p.fields[name] = field{Argument: Argument{Value: text, Set: true}, from: RequestJSON}
		}
	}
}

func (p *Payload) mergeAdditionalProperties(argument Argument) {
	if argument.Unknown || !argument.Set {
		return
	}
	members, err := parseObject(argument.Value)
	if err != nil {
		p.fail(AdditionalProperties, "additional_properties is not a JSON object", "The argument additional_properties must be a JSON object, as jsonencode({...}) makes it: "+err.Error()+".")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(fieldNames, name) {
			p.fail(AdditionalProperties, "additional_properties repeats a named field", "The argument additional_properties must not contain "+name+". Use the argument "+name+" for it.")
			continue
		}
		p.extra[name] = members[name]
	}
}

func (p *Payload) checkFields() {
	for _, name := range fieldNames {
		field, ok := p.fields[name]
		if !ok || field.Unknown {
			continue
		}
		if problem := CheckText(field.Value); problem != "" {
			detail := field.describe(name) + " " + problem + "."
			if name == UserPassword {
				detail += " A password that really begins or ends with white space can be sent hashed: password_encoding = \"md5-b64\"."
			}
			p.fail(field.from, name+" is not usable", detail)
		}
	}
}

// CheckText says what keeps a text from being sent as a credential, as the
// predicate of a sentence; empty when nothing does. Sending such a text would
// cost one of the five attempts.
func CheckText(text string) string {
	switch {
	case text == "":
		return "is an empty string: give it a value, or null to leave it out"
	case strings.TrimFunc(text, unicode.IsSpace) != text:
		return "begins or ends with white space, such as the newline at the end of a file: use trimspace()"
	case strings.TrimFunc(text, isInvisible) != text:
		return "begins or ends with an invisible character, such as the byte order mark at the start of a file: remove it"
	case !utf8.ValidString(text):
		return "is not valid UTF-8"
	}
	return ""
}

func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

func (p *Payload) checkPair() {
	if p.open {
		return
	}
	id, hasID := p.fields[ClientID]
	secret, hasSecret := p.fields[ClientSecret]
	switch {
	case hasID && !id.Unknown && !hasSecret:
		p.fail(id.from, "client_secret is missing", id.describe(ClientID)+" is set, but client_secret is not. Set both in the same block, or neither: an ID is never sent with a secret from another place.")
	case hasSecret && !secret.Unknown && !hasID:
		p.fail(secret.from, "client_id is missing", secret.describe(ClientSecret)+" is set, but client_id is not. Set both in the same block, or neither: a secret is never sent with an ID from another place.")
	}
}

// grant returns the grant type that is sent; ok is false while it is not known.
func (p *Payload) grant() (grant string, ok bool) {
	given, isGiven := p.fields[GrantType]
	if isGiven {
		return given.Value, !given.Unknown
	}
	grant = GrantClientCredentials
	ok = !p.open
	for _, name := range []string{UserName, UserPassword} {
		if user, isSet := p.fields[name]; isSet && !user.Unknown {
			return GrantPassword, !p.open
		} else if isSet {
			ok = false
		}
	}
	return grant, ok
}

func (p *Payload) checkGrant() {
	grant, ok := p.grant()
	if !ok {
		return
	}
	switch grant {
	case GrantPassword:
		for _, name := range []string{UserName, UserPassword} {
			if _, isSet := p.fields[name]; !isSet && !p.open {
				p.fail(name, name+" is missing", "The password grant needs both user_name and user_password, and "+name+" is not set. Without a reason to use the password grant, leave out grant_type, user_name and user_password.")
			}
		}
		p.warn(GrantType, "The password grant is retired", "Equinix deprecated grant_type \"password\" on 2024-01-08 and retired it on 2025-01-07. Use client_credentials: leave out grant_type, user_name, user_password and password_encoding.")
	case GrantClientCredentials:
		for _, name := range []string{UserName, UserPassword, PasswordEncoding} {
			if user, isSet := p.fields[name]; isSet && !user.Unknown {
				p.warn(user.from, name+" is ignored", user.describe(name)+" has no effect: the API ignores it with grant_type \"client_credentials\". Leave it out.")
			}
		}
	default:
		if given := p.fields[GrantType]; CheckText(given.Value) == "" {
			p.fail(given.from, "grant_type is not usable", given.describe(GrantType)+" must be \"client_credentials\" or \"password\".")
		}
	}
}

func (p *Payload) checkEncoding() {
	encoding, hasEncoding := p.fields[PasswordEncoding]
	password, hasPassword := p.fields[UserPassword]
	if !hasEncoding || encoding.Unknown {
		return
	}
	switch encoding.Value {
	case "", EncodingNone:
	case EncodingMD5B64:
		sum, err := base64.StdEncoding.Strict().DecodeString(password.Value)
		if hasPassword && !password.Unknown && CheckText(password.Value) == "" && (err != nil || len(sum) != 16 || strings.ContainsAny(password.Value, "\r\n")) {
			p.fail(password.from, "user_password is not an MD5 in base64", password.describe(UserPassword)+" must be the base64 of the 16 bytes of the password's raw MD5 (24 characters) with password_encoding \"md5-b64\". The provider's function md5_b64 makes it; base64encode(md5(password)) does not.")
		}
	default:
		if CheckText(encoding.Value) == "" {
			p.warn(encoding.from, "password_encoding is not one that the API knows", encoding.describe(PasswordEncoding)+" is neither \"none\" nor \"md5-b64\". The API takes user_password as it is, unhashed.")
		}
	}
}

// parseObject returns the members of a JSON object as they are written. Its
// errors tell the place of a mistake and nothing of the text.
func parseObject(text string) (map[string]json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not valid UTF-8")
	}
	// Only Unmarshal tells the place of a mistake: a Decoder does not count what
	// its tokens took.
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte(text), &whole); errors.As(err, &syntax) {
		before := text[:max(syntax.Offset-1, 0)]
		line := strings.Count(before, "\n")
		column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
		return nil, fmt.Errorf("it is not valid JSON at line %d, column %d", line+1, column+1)
	}
	// From here on the text is known to be valid.
	decoder := json.NewDecoder(strings.NewReader(text))
	if opening, _ := decoder.Token(); opening != json.Delim('{') {
		return nil, errors.New("it is another kind of JSON value")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		key, _ := decoder.Token()
		name, _ := key.(string)
		if _, repeated := members[name]; repeated {
			return nil, errors.New("a member is written twice")
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, errors.New("it is not valid JSON")
		}
		members[name] = raw
	}
	return members, nil
}
