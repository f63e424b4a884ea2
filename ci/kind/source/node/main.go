// Command node is kubeadm, kubelet, kube-proxy and kubectl in one file, which chooses by the name it is started under.
// The other programs of a node are those of the control plane.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmutil "k8s.io/kubernetes/cmd/kubeadm/app/util"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "kubeadm":
		kubeadmutil.CheckErr(kubeadm.Run())
	case "kubelet":
		os.Exit(run(kubelet.NewKubeletCommand()))
	case "kube-proxy":
		os.Exit(run(proxy.NewProxyCommand()))
	case "kubectl":
		runKubectl(kubectl.NewDefaultKubectlCommand())
	default:
		fmt.Fprintf(os.Stderr, "%s: start this as kubeadm, kubelet, kube-proxy or kubectl\n", name)
		os.Exit(2)
	}
}
