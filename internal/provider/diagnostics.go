package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken"
	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/credentials"
)

// The summaries of the diagnostics that come of a token request, of the
// environment and of the provider block. The troubleshooting guide explains each.
const (
	summaryRejected      = "Equinix rejected the credentials"
	summaryNotEquinix    = "The token request was rejected, perhaps not by Equinix"
	summaryBlocked       = "No token request is sent: another rejection could lock the account"
	summaryUnreachable   = "The Equinix token endpoint cannot be reached"
	summaryUnavailable   = "The Equinix token endpoint is not available"
	summaryNoAnswer      = "The Equinix token endpoint gave no answer"
	summaryRedirected    = "The Equinix token endpoint redirects"
	summaryRefused       = "The Equinix token endpoint refused the request"
	summaryUnusableToken = "The Equinix token endpoint sent no usable token"
	summaryBusy          = "Other requests for the same account have not ended"
	summaryInterrupted   = "The token request was interrupted"
	summaryExpired       = "The Equinix access token has expired"
	summaryBadVariable   = "An environment variable is not usable"
	summaryUnknown       = "The provider configuration is not known yet"
)

// problemDiagnostics turns the problems of arguments into diagnostics.
func problemDiagnostics(problems []accesstoken.Problem) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, problem := range problems {
		at := path.Root(problem.Argument)
		switch secret := accesstoken.IsSecret(problem.Argument); {
		case !problem.Warning:
			addArgumentError(&diags, at, secret, problem.Summary, problem.Detail+" No request was sent.")
		case secret:
			diags.AddWarning(problem.Summary, problem.Detail)
		default:
			diags.AddAttributeWarning(at, problem.Summary, problem.Detail)
		}
	}
	return diags
}

// addArgumentError adds an error about an argument, which its detail names. One
// that holds a secret gets no path: Terraform shows the value that a path leads
// to.
func addArgumentError(diags *diag.Diagnostics, at path.Path, secret bool, summary, detail string) {
	if secret {
		diags.AddError(summary, detail)
		return
	}
	diags.AddAttributeError(at, summary, detail)
}

// credentialsDiagnostics turns what the lookup of credentials returned into
// diagnostics. unknown says that the provider block is not known well enough.
func credentialsDiagnostics(err error) (unknown bool, diags diag.Diagnostics) {
	failure := &credentials.Error{Summary: "No Equinix credentials", Detail: err.Error()}
	_ = errors.As(err, &failure)
	diags.AddError(failure.Summary, failure.Detail)
	return failure.Unknown, diags
}

// tokenDiagnostic turns what a Source returned into a diagnostic. source is
// where the credentials come from, as the object of a sentence.
func tokenDiagnostic(err error, request accesstoken.Request, source string) diag.Diagnostic {
	var failure *accesstoken.Error
	if !errors.As(err, &failure) || errors.Is(err, context.Canceled) {
		return diag.NewErrorDiagnostic(summaryInterrupted, "Terraform ended the run before the token endpoint had answered.")
	}
	summary, advice := explain(failure)
	paragraphs := []string{
		whatHappened(failure),
		fmt.Sprintf("The credentials come from %s: client_id %q with the grant type %s.", source, request.ClientID(), request.GrantType()),
		lockoutText(failure.Lockout),
		advice,
	}
	paragraphs = slices.DeleteFunc(paragraphs, func(p string) bool { return p == "" })
	return diag.NewErrorDiagnostic(summary, strings.Join(paragraphs, "\n\n"))
}

// explain returns the summary of a failure and what to do about it.
func explain(failure *accesstoken.Error) (summary, advice string) {
	switch failure.Outcome {
	case accesstoken.Rejected:
		if failure.Lockout != nil && failure.Lockout.NeedsClearing {
			return summaryBlocked, "Check the client ID and secret in the Equinix developer portal (My Apps), and whether the account is locked, before you clear what is remembered."
		}
		if !failure.FromAPI() && failure.Status != http.StatusUnauthorized {
			return summaryNotEquinix, "The response carries no error of Equinix's own. A proxy or a firewall between here and the endpoint may have answered: check the endpoint and the proxy settings first, then the credentials."
		}
		return summaryRejected, "Check that client_id and client_secret belong together and are those of the endpoint's environment (production or sandbox); they are in the Equinix developer portal under My Apps."
	case accesstoken.NotJudged:
		if failure.Status != 0 {
			return summaryUnavailable, "Run again later."
		}
		if failure.Attempts == 0 {
			return summaryBusy, "No request was sent. Unproven credentials are sent one at a time, so that they do not lock the account. End the other run, or wait for its end."
		}
		return summaryUnreachable, "Check the endpoint, the network, the proxy settings and the certificates that this machine trusts."
	case accesstoken.Unknown:
		if failure.Withheld() {
			return summaryBlocked, "Check whether the endpoint works again, and wait."
		}
		return summaryNoAnswer, "Run again later. A slow endpoint may need a larger request_timeout."
	case accesstoken.Accepted:
		return summaryUnusableToken, "The endpoint accepted the credentials. Check that it is an Equinix API, and that nothing in between changes its responses."
	case accesstoken.Refused:
		if failure.Location != "" {
			return summaryRedirected, "Redirects are not followed, so that credentials go only where the configuration says. If it is the right place, set the provider's endpoint to it."
		}
		if failure.Status == 0 {
			return summaryUnreachable, "Check the proxy settings: HTTPS_PROXY and NO_PROXY."
		}
	}
	return summaryRefused, "Check the provider's endpoint: " + accesstoken.DefaultEndpoint + " or https://sandboxapi.equinix.com, or the base URL of another token endpoint without /oauth2/v1/token."
}

// whatHappened returns the outcome in sentences: the response and Equinix's own
// words, and how often it was tried.
func whatHappened(failure *accesstoken.Error) string {
	var text strings.Builder
	text.WriteString(strings.ToUpper(failure.Problem[:1]) + failure.Problem[1:])
	if failure.Location != "" {
		text.WriteString(", which points to " + failure.Location)
	}
	text.WriteString(".")
	for _, detail := range []struct{ name, text string }{
		{"Error code", strings.TrimSpace(failure.API.Code + " " + failure.API.Title)},
		{"Error domain", failure.API.Domain},
		{"Message", failure.API.Message},
		{"Developer message", failure.API.DeveloperMessage},
	} {
		if detail.text != "" {
			text.WriteString("\n" + detail.name + ": " + detail.text)
		}
	}
	switch {
	case failure.Withheld() && failure.Outcome != accesstoken.Rejected:
		text.WriteString("\nNo request was sent.")
	case failure.Withheld():
		text.WriteString("\nThis is the answer to an earlier request. This time no request was sent.")
	case failure.Attempts == 1:
		text.WriteString("\nIt was tried once.")
	case failure.Attempts > 1:
		fmt.Fprintf(&text, "\nIt was tried %d times.", failure.Attempts)
	}
	return text.String()
}

// lockoutText says how near the account is to its lock and what ends the hold.
func lockoutText(lockout *accesstoken.Lockout) string {
	if lockout == nil {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Equinix locks the account after 5 successive invalid attempts. Known here: %d rejected, %d without an answer. ",
		lockout.Rejections-lockout.Unknown, lockout.Unknown)
	switch {
	case lockout.NeedsClearing && lockout.Record != "":
		text.WriteString("Nothing more is sent for this account until you delete the file that remembers them.")
	case lockout.NeedsClearing:
		text.WriteString("Nothing more is sent for this account in this run.")
	case lockout.WholeAccount:
		text.WriteString("Nothing more is sent for this account until " + moment(lockout.HeldUntil) + ".")
	case !lockout.HeldUntil.IsZero():
		text.WriteString("These credentials are not sent again until " + moment(lockout.HeldUntil) + ". Changed credentials are sent at once.")
	case lockout.Record != "":
		text.WriteString("These credentials are not sent again until they change, or until you delete the file that remembers them.")
	case lockout.Unknown < lockout.Rejections:
		text.WriteString("These credentials are not sent again in this run.")
	}
	if lockout.Record != "" {
		fmt.Fprintf(&text, "\nRemembered in: %s (lockout_protection = false in the provider block, or %s=false, switches the files off)", lockout.Record, envLockoutProtection)
	}
	return strings.TrimSpace(text.String())
}

// moment names a time to come, and how far off it is.
func moment(at time.Time) string {
	return fmt.Sprintf("%s (in %s)", at.UTC().Format(time.RFC3339), max(time.Until(at).Round(time.Second), time.Second))
}
