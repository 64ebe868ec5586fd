package accesstokentest_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

func Example() {
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "secret"})
	defer server.Close()

	// The first answer is a failure, every other one is normal.
	server.Queue(accesstokentest.Fault{Status: http.StatusServiceUnavailable})

	for range 2 {
		response, err := http.Post(server.URL+"/oauth2/v1/token", "application/json", strings.NewReader(
			`{"client_id": "id", "client_secret": "secret", "grant_type": "client_credentials"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(response.Status)
		response.Body.Close()
	}
	fmt.Println("requests:", server.Count())
	fmt.Println("grant type:", server.Requests()[0].Payload["grant_type"])

	// Output:
	// 503 Service Unavailable
	// 200 OK
	// requests: 2
	// grant type: client_credentials
}
