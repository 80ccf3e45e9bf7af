package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/musterdb/muster/storage/kernel"
)

// version is the product's version; releases set it at link time.
var version = "0.1.0-dev"

// versionCmd prints the version.
type versionCmd struct {
	JSON bool `help:"Print as JSON, with build and kernels."`
}

// Help is the example that --help shows.
func (versionCmd) Help() string { return "Example:\n  muster version --json" }

// Run prints the version.
func (c *versionCmd) Run(io streams) error {
	if !c.JSON {
		_, err := fmt.Fprintf(io.out, "muster %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
	enc := json.NewEncoder(io.out)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]string{
		"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		"revision": revision(), "kernels": kernel.Implementation(),
	})
}

func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}
