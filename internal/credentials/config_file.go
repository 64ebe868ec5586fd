package credentials

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The keys of the Equinix CLI's configuration file; the CLI ignores the case of
// letters in them.
const (
	keyID     = "equinix_client_id"
	keySecret = "equinix_client_secret"
)

// maxConfigFile is how large the file may be, in bytes.
const maxConfigFile = 1 << 20

// isAbsent reports whether there is no file at the path, nor can be.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// readConfigFile returns the two keys that the file has. Its errors name the
// line and what is wrong there, never the content.
func readConfigFile(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, reason(err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxConfigFile+1))
	if err != nil {
		return nil, reason(err)
	}
	if len(content) > maxConfigFile {
		return nil, errors.New("it is larger than 1 MiB")
	}
	return parseConfigFile(content)
}

// reason strips the path from a file error: the caller names it. The result
// still is the error that it was.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func parseConfigFile(content []byte) (map[string]string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, syntaxError(err, content)
	}
	values := map[string]string{}
	if len(document.Content) == 0 {
		return values, nil
	}
	root := resolve(document.Content[0])
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return values, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: the file must be a mapping of keys to values", root.Line)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := strings.ToLower(root.Content[i].Value), resolve(root.Content[i+1])
		if key != keyID && key != keySecret {
			continue
		}
		if _, repeated := values[key]; repeated {
			return nil, fmt.Errorf("line %d: the key %s stands there a second time", root.Content[i].Line, key)
		}
		if value.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: the value of %s must be a string", root.Content[i+1].Line, key)
		}
		if value.Tag != "!!null" {
			values[key] = value.Value
		}
	}
	return values, nil
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

var (
	yamlLine = regexp.MustCompile(`line (\d+): `)
	// anchorLine is a line whose value YAML takes for a reference to an anchor.
	anchorLine = regexp.MustCompile(`(?m)^[^#\n]*:[ \t]+\*`)
)

// syntaxError says where the file is not YAML, and why. The parser's own text is
// shown only where it cannot quote the file.
func syntaxError(err error, content []byte) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "anchor") {
		where := "the file"
		if at := anchorLine.FindIndex(content); at != nil {
			where = fmt.Sprintf("line %d", bytes.Count(content[:at[0]], []byte("\n"))+1)
		}
		return fmt.Errorf("%s: a value that begins with * or & must stand in quotes", where)
	}
	if strings.Contains(text, "`") {
		text = yamlLine.FindString(text) + "it is not valid YAML"
	}
	return errors.New(text)
}
