package provider

import (
	"context"
	"crypto/md5" //nolint:gosec // the API takes MD5 and nothing better
	"encoding/base64"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

// md5B64Function is the function md5_b64.
type md5B64Function struct{}

var _ function.Function = md5B64Function{}

func newMD5B64Function() function.Function { return md5B64Function{} }

func (md5B64Function) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "md5_b64"
}

func (md5B64Function) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Hash a password for password_encoding = \"md5-b64\"",
		MarkdownDescription: "Returns the base64 of the raw MD5 of the UTF-8 password: what `user_password` takes with `password_encoding = \"md5-b64\"`. `base64encode(md5(password))` is something else: the base64 of hexadecimal digits. The result of a sensitive or ephemeral password is sensitive or ephemeral.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "password", MarkdownDescription: "The password in clear text."},
		},
		Return: function.StringReturn{},
	}
}

func (md5B64Function) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var password string
	resp.Error = req.Arguments.Get(ctx, &password)
	if resp.Error != nil {
		return
	}
	sum := md5.Sum([]byte(password)) //nolint:gosec // see the import
	resp.Error = resp.Result.Set(ctx, base64.StdEncoding.EncodeToString(sum[:]))
}
