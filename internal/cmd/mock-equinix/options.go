package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const usage = `Usage: mock-equinix [flags]

Serves a mock of Equinix's OAuth2 token endpoint on a loopback address. The
first line of standard output is its URL. Each token request is then logged as
one line on standard error, without secrets.

  POST {URL}/oauth2/v1/token  issues tokens; locks an account after 5 rejections
  GET  {URL}/mock/stats       counts what was received
  GET  {URL}/...              an API: 200 with a valid bearer token, else 401

Flags:
`

// options is what the flags say.
type options struct {
	listen        string
	account       accesstokentest.Account
	tokenLifetime time.Duration
	latency       time.Duration
	faults        []accesstokentest.Fault
	alwaysFault   accesstokentest.Fault
	errorSpelling accesstokentest.Spelling
	tls           bool
	tlsCAFile     string
	exitWithStdin bool
}

// parseOptions returns what args say, a usageError, or flag.ErrHelp after it
// has written the usage to stdout.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("mock-equinix", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}

	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 chooses a free one")
	flags.StringVar(&o.account.ClientID, "client-id", "demo-client-id", "`client_id` that is accepted")
	flags.StringVar(&o.account.ClientSecret, "client-secret", "demo-client-secret", "`client_secret` that is accepted")
	flags.StringVar(&o.account.UserName, "user-name", "", "`user_name` that the password grant takes (default none)")
	flags.StringVar(&o.account.UserPassword, "user-password", "", "`user_password` that the password grant takes")
	flags.DurationVar(&o.tokenLifetime, "token-lifetime", 59*time.Minute+59*time.Second, "how long a token is valid, in whole seconds")
	flags.DurationVar(&o.latency, "latency", 0, "delay before every answer but that of /mock/stats (default none)")
	flags.Func("fault", "`fault` that answers the next token request; repeat it for those after", func(text string) error {
		fault, err := parseFault(text)
		o.faults = append(o.faults, fault)
		return err
	})
	flags.Func("always-fault", "`fault` that answers every token request after those of -fault", func(text string) (err error) {
		o.alwaysFault, err = parseFault(text)
		return err
	})
	flags.Func("error-spelling", "`spelling` of the members of an error: camel (errorCode) or snake (error_code) (default camel)", func(text string) error {
		switch text {
		case "camel":
			o.errorSpelling = accesstokentest.CamelCase
		case "snake":
			o.errorSpelling = accesstokentest.SnakeCase
		default:
			return errors.New("must be camel or snake")
		}
		return nil
	})
	flags.BoolVar(&o.tls, "tls", false, "serve TLS, with a new certificate for localhost, 127.0.0.1 and ::1; needs -tls-ca-file")
	flags.StringVar(&o.tlsCAFile, "tls-ca-file", "", "`file` to write the CA certificate to that signs the one of -tls, as PEM")
	flags.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "exit when standard input ends, as it does when the process that holds it dies")

	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stdout)
		_, _ = fmt.Fprint(stdout, usage)
		flags.PrintDefaults()
		_, _ = fmt.Fprint(stdout, faultUsage)
		return options{}, err
	} else if err != nil {
		return options{}, usageError{err}
	}
	if flags.NArg() > 0 {
		return options{}, usageError{errors.New("unexpected argument: every setting is a flag")}
	}
	if err := o.validate(); err != nil {
		return options{}, usageError{err}
	}
	return o, nil
}

// validate checks what the types of the flags do not.
func (o *options) validate() error {
	if o.tokenLifetime < time.Second || o.tokenLifetime%time.Second != 0 {
		return errors.New("-token-lifetime must be a number of whole seconds, at least 1")
	}
	if o.latency < 0 {
		return errors.New("-latency must not be negative")
	}
	if o.tls != (o.tlsCAFile != "") {
		return errors.New("-tls and -tls-ca-file go together")
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen %s: the host must be a loopback address, such as 127.0.0.1, [::1] or localhost, "+
			"because the mock gives tokens to whoever knows its demonstration credentials", o.listen)
	}
	return nil
}

// endpoint returns the endpoint that the options describe.
func (o *options) endpoint() *accesstokentest.Endpoint {
	endpoint := accesstokentest.NewEndpoint(o.account)
	endpoint.SetTokenTimeout(strconv.FormatInt(int64(o.tokenLifetime/time.Second), 10))
	endpoint.SetLatency(o.latency)
	endpoint.SetErrorSpelling(o.errorSpelling)
	endpoint.Queue(o.faults...)
	endpoint.Always(o.alwaysFault)
	return endpoint
}
