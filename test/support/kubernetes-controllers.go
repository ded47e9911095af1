// The controllers of Kubernetes that the tests need, of those that kube-controller-manager has: that program does not build
// from the module alone, as the modules of its own configuration and of endpoint slices are in no checksum database.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/nodelifecycle"
	"k8s.io/kubernetes/pkg/controller/podgc"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	"k8s.io/kubernetes/pkg/controller/volume/persistentvolume"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Arguments: a kubeconfig, the file of the API server's certificates.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config := must(clientcmd.BuildConfigFromFlags("", os.Args[1]))
	client := must(kubernetes.NewForConfig(config))
	rootCA := must(os.ReadFile(os.Args[2]))
	factory := informers.NewSharedInformerFactory(client, 0)
	core, apps := factory.Core().V1(), factory.Apps().V1()

	sets := statefulset.NewStatefulSetController(ctx, core.Pods(), apps.StatefulSets(), core.PersistentVolumeClaims(), apps.ControllerRevisions(), client)
	volumes := must(persistentvolume.NewController(ctx, persistentvolume.ControllerParameters{
		KubeClient: client, SyncPeriod: time.Second, VolumeInformer: core.PersistentVolumes(), ClaimInformer: core.PersistentVolumeClaims(),
		ClassInformer: factory.Storage().V1().StorageClasses(), PodInformer: core.Pods(), NodeInformer: core.Nodes(),
	}))
	accounts := must(serviceaccount.NewServiceAccountsController(core.ServiceAccounts(), core.Namespaces(), client, serviceaccount.DefaultServiceAccountsControllerOptions()))
	publisher := must(rootcacertpublisher.NewPublisher(core.ConfigMaps(), core.Namespaces(), client, rootCA))
	// A node is given up after 8 s instead of 40.
	nodes := must(nodelifecycle.NewNodeLifecycleController(ctx, factory.Coordination().V1().Leases(), core.Pods(), core.Nodes(), apps.DaemonSets(), client,
		time.Second, 10*time.Second, 8*time.Second, 10, 10, 50, 0.55))
	garbage := podgc.NewPodGC(ctx, client, core.Pods(), core.Nodes(), 12500)

	factory.Start(ctx.Done())
	go sets.Run(ctx, 2)
	go volumes.Run(ctx)
	go accounts.Run(ctx, 1)
	go publisher.Run(ctx, 1)
	go nodes.Run(ctx)
	go garbage.Run(ctx)
	<-ctx.Done()
}
