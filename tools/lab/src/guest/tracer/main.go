// What programs of cilium/ebpf do with a kernel's BTF and its variables, run in a guest:
//
//	tracer specs BASE SPLIT FULL NAME   the variable in split BTF, and in the merged one
//	tracer run OBJECT BTF [NUMBER...]   loads a CO-RE program and runs it; an empty BTF for the
//	                                    kernel's own; the numbers are its variable `at`
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

func main() {
	verbs := map[string]func([]string) error{"specs": specs, "run": run}
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

func run(args []string) error {
	spec, err := ebpf.LoadCollectionSpec(args[0])
	if err != nil {
		return err
	}
	var options ebpf.CollectionOptions
	if args[1] != "" {
		if options.Programs.KernelTypes, err = btf.LoadSpec(args[1]); err != nil {
			return err
		}
	}
	if len(args) > 2 {
		constants := make([]byte, 0, 8*len(args))
		for _, text := range args[2:] {
			number, err := strconv.ParseUint(text, 0, 64)
			if err != nil {
				return err
			}
			constants = binary.NativeEndian.AppendUint64(constants, number)
		}
		if err := spec.Variables["at"].Set(constants); err != nil {
			return err
		}
	}
	loaded, err := ebpf.NewCollectionWithOptions(spec, options)
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
