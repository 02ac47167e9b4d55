// What programs of cilium/ebpf do with a kernel's BTF and its variables, run in a guest:
//
//	tracer specs BASE SPLIT FULL NAME   the variable in split BTF, and in the merged one
//	tracer core OBJECT                  loads a CO-RE program and runs it
//	tracer read ADDRESS SIZE            reads kernel memory by bpf_probe_read_kernel
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

func main() {
	verbs := map[string]func([]string) error{"specs": specs, "core": core, "read": read}
	if err := verbs[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func specs(args []string) error {
	base, err := btf.LoadSpec(args[0])
	if err != nil {
		return err
	}
	split, err := btf.LoadSplitSpec(args[1], base)
	if err != nil {
		return err
	}
	full, err := btf.LoadSpec(args[2])
	if err != nil {
		return err
	}
	for _, spec := range []*btf.Spec{split, full} {
		var variable *btf.Var
		if err := spec.TypeByName(args[3], &variable); err != nil {
			return err
		}
		size, err := btf.Sizeof(variable.Type)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %v, %d bytes\n", variable.Name, variable.Type, size)
	}
	return nil
}

func core(args []string) error {
	loaded, err := ebpf.LoadCollection(args[0])
	if err != nil {
		return err
	}
	defer loaded.Close()
	for name, program := range loaded.Programs {
		result, _, err := program.Test(make([]byte, 64))
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d, own %d\n", name, result, os.Getpid())
	}
	return nil
}

func read(args []string) error {
	address, err := strconv.ParseUint(args[0], 0, 64)
	if err != nil {
		return err
	}
	size, err := strconv.ParseUint(args[1], 0, 32)
	if err != nil {
		return err
	}
	results, err := ebpf.NewMap(&ebpf.MapSpec{
		Type: ebpf.Array, KeySize: 4, ValueSize: uint32(size), MaxEntries: 1,
	})
	if err != nil {
		return err
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:    ebpf.SocketFilter,
		License: "GPL",
		Instructions: asm.Instructions{
			asm.LoadMapValue(asm.R1, results.FD(), 0),
			asm.Mov.Imm(asm.R2, int32(size)),
			asm.LoadImm(asm.R3, int64(address), asm.DWord),
			asm.FnProbeReadKernel.Call(),
			asm.Return(),
		},
	})
	if err != nil {
		return err
	}
	status, _, err := program.Test(make([]byte, 64))
	if err != nil {
		return err
	}
	var bytes []byte
	if err := results.Lookup(uint32(0), &bytes); err != nil {
		return err
	}
	fmt.Printf("status %d, bytes %x\n", int32(status), bytes)
	return nil
}
