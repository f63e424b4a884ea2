// v1.23 on: k8s.io/component-base/cli sets up flags and logs.
package main

import (
	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd/util"
)

func run(command *cobra.Command) int {
	return cli.Run(command)
}

func runKubectl(command *cobra.Command) {
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err)
	}
}
