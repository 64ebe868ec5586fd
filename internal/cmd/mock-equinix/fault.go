package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const faultUsage = `
A fault is key=value,key=value, where a key alone is true, or a JSON object with
the same keys, which can hold a comma. There, a value that is no string stands
for its JSON text.

  status=CODE        status of the answer, 200 to 599 (default 200)
  header.NAME=VALUE  header of the answer
  body=TEXT          body of the answer; {{payload}} in it is the request's body
  gzip               compress the body
  delay=DURATION     wait before the answer
  trickle=DURATION   send the body one byte per interval
  unbounded          repeat the body until the client leaves, or for 64 MiB
  break=WHERE        break the connection: reset-before-head, reset-in-head,
                     reset-in-body, or truncate (close before the body ends)
  judged             count the request as without the fault; with no status,
                     the answer is the normal one, delivered as the rest says

Examples:
  -fault status=503,header.Retry-After=1
  -fault status=307,header.Location=https://example.com/
  -fault break=reset-in-body,judged
  -fault '{"status": 400, "body": "cannot read {{payload}}, sorry"}'
  -fault '{"status": 401, "body": {"errorCode": "S1006", "errorTitle": "No"}}'
`

// breaks are the values of break.
var breaks = map[string]accesstokentest.Break{
	"reset-before-head": accesstokentest.ResetBeforeHead,
	"reset-in-head":     accesstokentest.ResetInHead,
	"reset-in-body":     accesstokentest.ResetInBody,
	"truncate":          accesstokentest.Truncate,
}

// parseFault returns the fault that text spells, as faultUsage describes.
func parseFault(text string) (accesstokentest.Fault, error) {
	settings, err := faultSettings(text)
	if err != nil {
		return accesstokentest.Fault{}, err
	}
	var fault accesstokentest.Fault
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if err := setFault(&fault, key, settings[key]); err != nil {
			return accesstokentest.Fault{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	return fault, nil
}

// faultSettings returns the values in text by their key.
func faultSettings(text string) (map[string]string, error) {
	settings := make(map[string]string)
	if strings.HasPrefix(text, "{") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return nil, err
		}
		for key, raw := range object {
			if raw[0] != '"' {
				settings[key] = string(raw)
				continue
			}
			var value string
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, err
			}
			settings[key] = value
		}
		return settings, nil
	}
	for setting := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(setting, "=")
		if !found {
			value = "true"
		}
		if _, repeated := settings[key]; repeated {
			return nil, fmt.Errorf("%s: set twice", key)
		}
		settings[key] = value
	}
	return settings, nil
}

// setFault sets what key means in fault to value.
func setFault(fault *accesstokentest.Fault, key, value string) error {
	if name, ok := strings.CutPrefix(key, "header."); ok && name != "" {
		if fault.Header == nil {
			fault.Header = make(http.Header)
		}
		fault.Header.Set(name, value)
		return nil
	}
	var err error
	switch key {
	case "status":
		if fault.Status, err = strconv.Atoi(value); err != nil || fault.Status < 200 || fault.Status > 599 {
			return errors.New("must be a status code from 200 to 599")
		}
	case "body":
		fault.Body = value
	case "gzip":
		fault.Gzip, err = parseBool(value)
	case "delay":
		fault.Delay, err = parseInterval(value)
	case "trickle":
		fault.Trickle, err = parseInterval(value)
	case "unbounded":
		fault.Unbounded, err = parseBool(value)
	case "break":
		var ok bool
		if fault.Break, ok = breaks[value]; !ok {
			return errors.New("must be reset-before-head, reset-in-head, reset-in-body or truncate")
		}
	case "judged":
		fault.Judged, err = parseBool(value)
	default:
		return errors.New("unknown key")
	}
	return err
}

// parseBool returns the boolean that text spells.
func parseBool(text string) (bool, error) {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return value, nil
}

// parseInterval returns the duration that text spells.
func parseInterval(text string) (time.Duration, error) {
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 {
		return 0, errors.New("must be a duration such as 100ms or 2s")
	}
	return value, nil
}
