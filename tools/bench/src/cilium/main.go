// Indexes a BTF file with cilium/ebpf, some times over, and prints what that took as JSON.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/cilium/ebpf/btf"
)

func main() {
	raw, err := os.ReadFile(os.Args[1])
	check(err)
	rounds, err := strconv.Atoi(os.Args[2])
	check(err)

	before := heap()
	var seconds []float64
	var spec *btf.Spec
	for range rounds {
		start := time.Now()
		spec, err = btf.LoadSpecFromReader(bytes.NewReader(raw))
		check(err)
		seconds = append(seconds, time.Since(start).Seconds())
	}
	memory := heap() - before
	runtime.KeepAlive(spec)
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": seconds, "memory": memory}))
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
