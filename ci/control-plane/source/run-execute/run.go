// v1.22: there is no k8s.io/component-base/cli yet; this is what its own mains do.
package main

import (
	"flag"
	"math/rand"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
)

func run(command *cobra.Command) int {
	rand.Seed(time.Now().UnixNano())
	pflag.CommandLine.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := command.Execute(); err != nil {
		return 1
	}
	return 0
}

// With the logs of component-base: kubectl's own, k8s.io/kubectl/pkg/util/logs, define the same flag, and one file that
// has both panics at its start.
func runKubectl(command *cobra.Command) {
	pflag.CommandLine.AddGoFlagSet(flag.CommandLine)
	if code := run(command); code != 0 {
		os.Exit(code)
	}
}
