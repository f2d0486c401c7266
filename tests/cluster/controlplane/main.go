// Command controlplane is one program that is every server of a Kubernetes control plane.
//
// The servers share nearly all their code, so linking them into one binary takes about a third of the time and the
// space of four. Which server it is, is the first argument; the rest are that server's own flags.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/server/v3/etcdmain"
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
	if name == "etcd" {
		etcd.Main(os.Args)
		return
	}
	if server, known := servers[name]; known {
		os.Exit(cli.Run(server()))
	}
	fmt.Fprintln(os.Stderr, "usage: controlplane apiserver|controller-manager|scheduler|etcd [flags]")
	os.Exit(2)
}
