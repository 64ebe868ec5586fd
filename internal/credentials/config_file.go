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
	"syscall"

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

// isAbsent reports whether there is no file at the path, nor can be: a HOME of
// /dev/null has no folders.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

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
		// A secret that begins with ! or &, taken for something else, would be sent
		// without its beginning.
		isTagged := value.Style&yaml.TaggedStyle != 0 && value.Tag != "!!str"
		if isTagged || value.Anchor != "" && value.Tag == "!!null" {
			return nil, fmt.Errorf("line %d: the value of %s begins with ! or & and must stand in quotes", root.Content[i+1].Line, key)
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

// syntaxError says where the file is not YAML, and why. The parser's own text is
// shown only where it cannot quote the file.
func syntaxError(err error, content []byte) error {
	// The parser begins some of its texts with a line, not always the one at fault.
	// The expression is compiled here and not at the start of every process.
	parserLine := regexp.MustCompile(`^line \d+: `)
	text := parserLine.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), "")
	switch {
	case strings.Contains(text, "anchor"):
		text = "a value that begins with * or & must stand in quotes"
	case strings.Contains(text, "`"):
		text = "it is not valid YAML"
	}
	if len(content) > maxSearched {
		return errors.New(text)
	}
	return fmt.Errorf("line %d: %s", brokenLine(content), text)
}

// maxSearched is the size in bytes of a file up to which the line at fault is
// looked for: the time grows with the square of it.
const maxSearched = 16 << 10

// brokenLine returns the number of the line that follows the longest beginning
// of the file that is YAML by itself.
func brokenLine(content []byte) int {
	lines := bytes.SplitAfter(content, []byte("\n"))
	for count := len(lines) - 1; count > 0; count-- {
		if yaml.Unmarshal(bytes.Join(lines[:count], nil), &yaml.Node{}) == nil {
			return count + 1
		}
	}
	return 1
}
