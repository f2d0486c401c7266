// Command controlplane is a Kubernetes control plane of long ago: the newest that still serves policy/v1beta1.
//
// It has no etcd of its own: it runs on the one of ../controlplane, so that the newest servers can later be started
// over the very same data, which is what an upgrade of a cluster is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	servers := map[string]func() *cobra.Command{
		"apiserver":          apiserver.NewAPIServerCommand,
		"controller-manager": controllers.NewControllerManagerCommand,
		"scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	}
	// A link named kube-apiserver (etcd, ...) to this program is that server, as in the folder that envtest expects.
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "kube-")
	if name == "controlplane" && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	if server, known := servers[name]; known {
		os.Exit(cli.Run(server()))
	}
	fmt.Fprintln(os.Stderr, "usage: controlplane apiserver|controller-manager|scheduler [flags]")
	os.Exit(2)
}
