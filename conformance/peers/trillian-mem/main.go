// Command trillian-mem is Trillian's log server and its sequencer in one process, over Trillian's own storage in memory.
//
//	trillian-mem ADDRESS
package main

import (
	"context"
	"log"
	"net"
	"os"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	tlog "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage"
	_ "github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"github.com/google/trillian/util/election"
	"github.com/google/trillian/util/election2"
	"google.golang.org/grpc"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	mf := monitoring.InertMetricFactory{}
	sp := must(storage.NewProvider("memory", mf))
	reg := extension.Registry{AdminStorage: sp.AdminStorage(), LogStorage: sp.LogStorage(), QuotaManager: quota.Noop(), MetricFactory: mf, ElectionFactory: election2.NoopFactory{}}
	go tlog.NewOperationManager(tlog.OperationInfo{Registry: reg, BatchSize: 1000, NumWorkers: 2, RunInterval: 50 * time.Millisecond, TimeSource: clock.System,
		ElectionConfig: election.RunnerConfig{PreElectionPause: time.Millisecond, MasterHoldInterval: time.Hour, TimeSource: clock.System},
	}, tlog.NewSequencerManager(reg, 0)).OperationLoop(context.Background())
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(interceptor.ErrorWrapper, interceptor.New(reg.AdminStorage, reg.QuotaManager, false, mf).UnaryInterceptor))
	trillian.RegisterTrillianLogServer(s, server.NewTrillianLogRPCServer(reg, clock.System))
	trillian.RegisterTrillianAdminServer(s, admin.New(reg, []trillian.TreeType{trillian.TreeType_LOG}))
	log.Fatal(s.Serve(must(net.Listen("tcp", os.Args[1]))))
}
