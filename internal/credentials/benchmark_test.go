package credentials

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkSources_Find looks a pair up, once a process, in the first source
// and in the last.
func BenchmarkSources_Find(b *testing.B) {
	home := b.TempDir()
	for _, name := range []string{EnvAPIClientID, EnvAPIClientSecret, EnvCLIClientID, EnvCLIClientSecret} {
		b.Setenv(name, "")
	}
	path := filepath.Join(home, "equinix.yaml")
	content := "equinix_client_id: an-id\nequinix_client_secret: a-secret\nuser_key: other\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
	fine := func(string) string { return "" }
	for name, sources := range map[string]Sources{
		"provider block": {ClientID: Argument{Value: "an-id", Set: true}, ClientSecret: Argument{Value: "a-secret", Set: true}, Check: fine},
		"file":           {ConfigFile: Argument{Value: path, Set: true}, Check: fine},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sources.Find(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("environment", func(b *testing.B) {
		b.Setenv(EnvCLIClientID, "an-id")
		b.Setenv(EnvCLIClientSecret, "a-secret")
		sources := Sources{Check: fine}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sources.Find(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
