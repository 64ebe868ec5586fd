//go:build unix

// Planbench measures what the provider adds to a plan. It builds the provider
// and the do-nothing provider of internal/provider/testdata/floor, runs whole
// plans with each in turn against the mock endpoint, and prints medians and
// ratios. It leaves nothing behind and needs no network.
//
// It runs in the project's root folder: go run ./internal/cmd/planbench -cli
// "$(tools/find-cli.sh)". Beside wall time it prints CPU time (user and system,
// of the CLI and its provider), which other work on the machine disturbs less.
// Figures in parentheses are the quartiles: where they lie apart, the machine was
// busy, and more -pairs help. Run it with -help for its flags.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const (
	binary  = "terraform-provider-equinix-oauth2"
	latency = 200 * time.Millisecond
	// envReport makes this program stand in for a provider whose path the variable
	// envProvider names, and report its usage to the file that envReport names.
	envReport   = "PLANBENCH_REPORT"
	envProvider = "PLANBENCH_PROVIDER"
)

// magicCookie is what Terraform gives a plugin so that it serves.
const magicCookie = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2" // not a secret

func main() {
	if report := os.Getenv(envReport); report != "" && filepath.Base(os.Args[0]) == binary {
		os.Exit(standIn(os.Getenv(envProvider), report))
	}
	cli := flag.String("cli", "", "`path` of terraform or tofu")
	pairs := flag.Int("pairs", 15, "how many `pairs` of plans each line measures; those of 1,000 consumers a third")
	block := flag.String("block", "ephemeral", "the `kind` of the consumers: ephemeral, or data")
	starts := flag.Int("starts", 100, "how many pairs of provider `starts` are measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *cli, *block, max(*pairs, 1), max(*starts, 1))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "planbench:", err)
		os.Exit(1)
	}
}

// contender is a provider under measurement.
type contender struct {
	name   string
	path   string // of the binary
	config string // the CLI configuration that uses it
	spied  string // the CLI configuration that uses it through standIn
}

// bench holds what all measurements share.
type bench struct {
	cli    string
	block  string // the kind of the consumers
	folder string // temporary
	mock   *accesstokentest.Server
	// own is the provider, floor the do-nothing one.
	own, floor contender
}

func run(ctx context.Context, cli, block string, pairs, starts int) error {
	if cli == "" {
		return errors.New("-cli is missing")
	}
	folder, err := os.MkdirTemp("", "planbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	mock := accesstokentest.NewServer(accesstokentest.Account{ClientID: "bench-id", ClientSecret: "bench-secret"})
	defer mock.Close()
	b := &bench{cli: cli, block: block, folder: folder, mock: mock}
	if b.own, err = b.build(ctx, "provider", "."); err != nil {
		return err
	}
	if b.floor, err = b.build(ctx, "floor", "./internal/provider/testdata/floor"); err != nil {
		return err
	}
	for _, measure := range []func() error{
		b.sizes,
		func() error { return b.starts(ctx, starts) },
		func() error { return b.plans(ctx, pairs) },
		func() error { return b.usage(ctx, max(pairs/3, 1)) },
	} {
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}

// build builds a provider as a release does, and the CLI configurations for it.
func (b *bench) build(ctx context.Context, name, source string) (contender, error) {
	c := contender{name: name, path: filepath.Join(b.folder, name, binary)}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", c.path, source) //nolint:gosec // both callers name constants
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return c, fmt.Errorf("build the %s: %w", name, err)
	}
	var err error
	if c.config, err = b.override(name); err != nil {
		return c, err
	}
	if err := os.MkdirAll(filepath.Join(b.folder, name+"-spied"), 0o700); err != nil {
		return c, err
	}
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	if err := os.Symlink(self, filepath.Join(b.folder, name+"-spied", binary)); err != nil {
		return c, err
	}
	c.spied, err = b.override(name + "-spied")
	return c, err
}

// override writes a CLI configuration that takes the provider from a folder.
func (b *bench) override(folder string) (string, error) {
	path := filepath.Join(b.folder, folder+".tfrc")
	content := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n",
		"equinix-community/equinix-oauth2", filepath.Join(b.folder, folder))
	return path, os.WriteFile(path, []byte(content), 0o600)
}

// environment is all that a measured process gets: nothing of the user's.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.folder, "TMPDIR=" + b.folder,
		"XDG_CACHE_HOME=" + filepath.Join(b.folder, "cache"),
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0",
	}, more...)
}

// cost is what one plan took.
type cost struct{ wall, cpu time.Duration }

// plan runs one plan with as many consumers as the workspace has.
func (b *bench) plan(ctx context.Context, workspace, config string, more ...string) (cost, error) {
	before := b.mock.Count()
	plan := exec.CommandContext(ctx, b.cli, "plan", "-no-color") //nolint:gosec // the CLI is whatever the user says
	plan.Dir = workspace
	plan.Env = b.environment(append(more, "TF_CLI_CONFIG_FILE="+config)...)
	started := time.Now()
	output, err := plan.CombinedOutput()
	took := cost{wall: time.Since(started)}
	if err != nil {
		return cost{}, fmt.Errorf("plan: %w\n%s", err, output)
	}
	if requests := b.mock.Count() - before; requests > 1 {
		return cost{}, fmt.Errorf("a plan sent %d token requests", requests)
	}
	took.cpu = plan.ProcessState.UserTime() + plan.ProcessState.SystemTime() // with those of the provider, which the CLI waits for
	return took, nil
}

// workspace writes a configuration with that many consumers of a token.
func (b *bench) workspace(consumers int) (string, error) {
	folder := filepath.Join(b.folder, fmt.Sprintf("consumers-%d", consumers))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	configuration := fmt.Sprintf(`terraform {
  required_providers {
    equinix = { source = "equinix-community/equinix-oauth2" }
  }
}
provider "equinix" {
  endpoint      = %q
  client_id     = "bench-id"
  client_secret = "bench-secret"
}
%s "equinix_oauth2_access_token" "consumer" {
  count = %d
}
`, b.mock.URL, b.block, consumers)
	return folder, os.WriteFile(filepath.Join(folder, "main.tf"), []byte(configuration), 0o600)
}

func (b *bench) sizes() error {
	own, err := os.Stat(b.own.path)
	if err != nil {
		return err
	}
	floor, err := os.Stat(b.floor.path)
	if err != nil {
		return err
	}
	fmt.Printf("stripped binary: %.2f MiB, floor %.2f MiB, difference %.2f MiB\n",
		mebi(own.Size()), mebi(floor.Size()), mebi(own.Size()-floor.Size()))
	return nil
}

func mebi(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// starts measures from the start of a provider to its handshake.
func (b *bench) starts(ctx context.Context, count int) error {
	own, floor, err := alternate(count, func(c contender) (time.Duration, error) { return b.handshake(ctx, c) }, b.own, b.floor)
	if err != nil {
		return err
	}
	difference := pairwise(own, floor, func(own, floor time.Duration) time.Duration { return own - floor })
	fmt.Printf("start to handshake (%d pairs): %s, floor %s, difference %s\n", count, spread(own), spread(floor), spread(difference))
	return nil
}

func (b *bench) handshake(ctx context.Context, c contender) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	provider := exec.CommandContext(ctx, c.path) //nolint:gosec // build made it
	provider.Env = b.environment(magicCookie, "PLUGIN_PROTOCOL_VERSIONS=6")
	output, err := provider.StdoutPipe()
	if err != nil {
		return 0, err
	}
	started := time.Now()
	if err := provider.Start(); err != nil {
		return 0, err
	}
	_, err = bufio.NewReader(output).ReadString('\n')
	took := time.Since(started)
	cancel()
	_ = provider.Wait() // it was killed
	if err != nil {
		return 0, fmt.Errorf("handshake of the %s: %w", c.name, err)
	}
	return took, nil
}

// plans measures whole plans, with an endpoint that answers at once and with a
// slow one. The floor asks no endpoint.
func (b *bench) plans(ctx context.Context, pairs int) error {
	for _, delay := range []time.Duration{0, latency} {
		fmt.Printf("\nplans, endpoint latency %v\n", delay)
		fmt.Println("consumers  pairs  wall time: provider     floor                      ratio                difference  CPU time: provider, floor, ratio")
		b.mock.SetLatency(delay)
		for _, consumers := range []int{1, 100, 1000} {
			workspace, err := b.workspace(consumers)
			if err != nil {
				return err
			}
			count := pairs
			if consumers == 1000 {
				count = max(pairs/3, 1)
			}
			own, floor, err := alternate(count, func(c contender) (cost, error) { return b.plan(ctx, workspace, c.config) }, b.own, b.floor)
			if err != nil {
				return err
			}
			ratios := pairwise(own, floor, func(own, floor cost) float64 { return own.wall.Seconds() / floor.wall.Seconds() })
			differences := pairwise(own, floor, func(own, floor cost) time.Duration { return own.wall - floor.wall })
			cpu := pairwise(own, floor, func(own, floor cost) float64 { return own.cpu.Seconds() / floor.cpu.Seconds() })
			fmt.Printf("%9d  %5d  %-25s  %-25s  %s  %10v  %v, %v, %s\n", consumers, count,
				spread(each(own, wall)), spread(each(floor, wall)), spreadRatio(ratios), quantile(differences, 0.5).Round(time.Millisecond),
				quantile(each(own, cpuTime), 0.5).Round(time.Millisecond), quantile(each(floor, cpuTime), 0.5).Round(time.Millisecond), spreadRatio(cpu))
		}
	}
	b.mock.SetLatency(0)
	return nil
}

func wall(c cost) time.Duration    { return c.wall }
func cpuTime(c cost) time.Duration { return c.cpu }

// usage measures the provider process by itself, at 1,000 consumers.
func (b *bench) usage(ctx context.Context, count int) error {
	workspace, err := b.workspace(1000)
	if err != nil {
		return err
	}
	own, floor, err := alternate(count, func(c contender) (report, error) {
		path := filepath.Join(b.folder, "report")
		if _, err := b.plan(ctx, workspace, c.spied, envReport+"="+path, envProvider+"="+c.path); err != nil {
			return report{}, err
		}
		return readReport(path)
	}, b.own, b.floor)
	if err != nil {
		return err
	}
	memory := func(r report) float64 { return mebi(r.rss) }
	cpu := func(r report) time.Duration { return r.cpu }
	fmt.Printf("\nprovider processes at 1,000 consumers (%d pairs)\n", count)
	fmt.Printf("largest resident memory: %.1f MiB, floor %.1f MiB, difference %.1f MiB\n",
		quantile(each(own, memory), 0.5), quantile(each(floor, memory), 0.5),
		quantile(pairwise(own, floor, func(own, floor report) float64 { return memory(own) - memory(floor) }), 0.5))
	fmt.Printf("CPU time: %s, floor %s, ratio %s\n", spread(each(own, cpu)), spread(each(floor, cpu)),
		spreadRatio(pairwise(own, floor, func(own, floor report) float64 { return own.cpu.Seconds() / floor.cpu.Seconds() })))
	return nil
}
