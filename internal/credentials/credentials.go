// Package credentials finds the client ID and secret to ask for a token with.
//
// Of the sources, in the order of [Sources.Find], the first that has either half
// wins, and must have both: an ID of one source is never sent with a secret of
// another, because each wrong pair costs one of the five attempts after which
// Equinix locks the account. The package sends nothing and knows nothing of
// Terraform.
package credentials

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The environment variables, in pairs: those of the official Equinix provider,
// then those of the Equinix CLI.
const (
	EnvAPIClientID     = "EQUINIX_API_CLIENTID"
	EnvAPIClientSecret = "EQUINIX_API_CLIENTSECRET"
	EnvCLIClientID     = "EQUINIX_CLIENT_ID"
	EnvCLIClientSecret = "EQUINIX_CLIENT_SECRET"
)

// DefaultConfigFile is the Equinix CLI's configuration file.
const DefaultConfigFile = "~/.config/equinix/equinix.yaml"

// Pair is a client ID with its secret.
type Pair struct {
	ClientID     string
	ClientSecret string
	// Source says where both come from, as the object of a sentence.
	Source string
}

// Argument is a configured value; its zero value is one that is not set.
type Argument struct {
	Value string
	Set   bool
	// Unknown says that the value is not known yet.
	Unknown bool
}

// Sources are the places where a pair is looked for when a block has none of its
// own.
type Sources struct {
	// ClientID and ClientSecret are those of the provider block.
	ClientID, ClientSecret Argument
	// ConfigFile is the provider block's config_file; not set means
	// [DefaultConfigFile], which need not exist.
	ConfigFile Argument
	// Check says what keeps a text from being sent, as the predicate of a
	// sentence; empty when nothing does.
	Check func(text string) string
}

// Error says why there is no pair. It shows neither half.
type Error struct {
	// Unknown says that the argument is not known yet, and nothing is wrong.
	Unknown bool
	Summary string
	Detail  string
}

func (e *Error) Error() string { return e.Summary + ": " + e.Detail }

// candidate is a source with what it has of a pair.
type candidate struct {
	source             string // as the object of a sentence
	idName, secretName string // as the subject of a sentence
	id, secret         string
	hasID, hasSecret   bool
}

// Find returns the pair of the first source that has either half: the provider
// block, EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET, EQUINIX_CLIENT_ID and
// EQUINIX_CLIENT_SECRET, the Equinix CLI's configuration file. An environment
// variable that is empty is not set. The error is an [*Error].
func (s Sources) Find() (Pair, error) {
	for _, argument := range []struct {
		name string
		Argument
	}{{"client_id", s.ClientID}, {"client_secret", s.ClientSecret}} {
		if argument.Unknown {
			return Pair{}, unknownArgument(argument.name)
		}
	}
	block := candidate{
		source: "the provider block",
		idName: "The provider argument client_id", secretName: "The provider argument client_secret",
		id: s.ClientID.Value, secret: s.ClientSecret.Value,
		hasID: s.ClientID.Set, hasSecret: s.ClientSecret.Set,
	}
	for _, candidate := range []candidate{block, environment(EnvAPIClientID, EnvAPIClientSecret), environment(EnvCLIClientID, EnvCLIClientSecret)} {
		if candidate.hasID || candidate.hasSecret {
			return candidate.pair(s.Check)
		}
	}
	file, err := s.file()
	if err != nil {
		return Pair{}, err
	}
	if file.hasID || file.hasSecret {
		return file.pair(s.Check)
	}
	return Pair{}, &Error{
		Summary: "No Equinix credentials",
		Detail: "A token needs a client ID and a client secret, and none of the sources has them. Set one of these, in the order in which they are looked for:\n" +
			"  - client_id and client_secret in the block (or in its request)\n" +
			"  - client_id and client_secret in the provider block\n" +
			"  - the environment variables " + EnvAPIClientID + " and " + EnvAPIClientSecret + "\n" +
			"  - the environment variables " + EnvCLIClientID + " and " + EnvCLIClientSecret + "\n" +
			"  - " + keyID + " and " + keySecret + " in " + file.source + "\n" +
			"No request was sent.",
	}
}

func unknownArgument(name string) *Error {
	return &Error{
		Unknown: true,
		Summary: "The provider's " + name + " is not known yet",
		Detail: "The provider argument " + name + " depends on something that is known only after apply, and a token is needed now. " +
			"Set client_id and client_secret in the block that needs the token instead: Terraform then waits until they are known. " +
			"No other source is used in its place, and no request was sent.",
	}
}

func environment(idVariable, secretVariable string) candidate {
	id, secret := os.Getenv(idVariable), os.Getenv(secretVariable)
	return candidate{
		source: "the environment variables " + idVariable + " and " + secretVariable,
		idName: "The environment variable " + idVariable, secretName: "The environment variable " + secretVariable,
		id: id, secret: secret,
		hasID: id != "", hasSecret: secret != "",
	}
}

// file returns what the configuration file has; nothing if it is the default one
// and absent.
func (s Sources) file() (candidate, error) {
	if s.ConfigFile.Unknown {
		return candidate{}, unknownArgument("config_file")
	}
	path := DefaultConfigFile
	if s.ConfigFile.Set {
		path = s.ConfigFile.Value
	}
	fail := func(detail string) (candidate, error) {
		return candidate{}, &Error{Summary: "The Equinix configuration file is not usable", Detail: detail + " No request was sent."}
	}
	if path == "" {
		return fail("The provider argument config_file is an empty string: give it a path, or null for " + DefaultConfigFile + ".")
	}
	found := candidate{
		source: "the Equinix CLI's file " + path,
		idName: "The key " + keyID + " in " + path, secretName: "The key " + keySecret + " in " + path,
	}
	if rest, inHome := strings.CutPrefix(path, "~/"); inHome {
		home, err := os.UserHomeDir()
		if err != nil && !s.ConfigFile.Set {
			return found, nil
		}
		if err != nil {
			return fail(fmt.Sprintf("%s cannot be found, because there is no home folder: %v.", path, err))
		}
		path = filepath.Join(home, rest)
	}
	values, err := readConfigFile(path)
	if isAbsent(err) && !s.ConfigFile.Set {
		return found, nil
	}
	if err != nil {
		return fail(fmt.Sprintf("%s: %v.", path, err))
	}
	found.id, found.hasID = values[keyID]
	found.secret, found.hasSecret = values[keySecret]
	return found, nil
}

func (c candidate) pair(check func(string) string) (Pair, error) {
	switch {
	case !c.hasSecret:
		return Pair{}, &Error{Summary: "The client secret is missing", Detail: c.idName + " is set, and its other half is not: " + lowerFirst(c.secretName) + ". An ID is never sent with a secret from another place. No request was sent."}
	case !c.hasID:
		return Pair{}, &Error{Summary: "The client ID is missing", Detail: c.secretName + " is set, and its other half is not: " + lowerFirst(c.idName) + ". A secret is never sent with an ID from another place. No request was sent."}
	}
	if problem := check(c.id); problem != "" {
		return Pair{}, &Error{Summary: "The client ID is not usable", Detail: c.idName + " " + problem + ". No request was sent."}
	}
	if problem := check(c.secret); problem != "" {
		return Pair{}, &Error{Summary: "The client secret is not usable", Detail: c.secretName + " " + problem + ". No request was sent."}
	}
	return Pair{ClientID: c.id, ClientSecret: c.secret, Source: c.source}, nil
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }
