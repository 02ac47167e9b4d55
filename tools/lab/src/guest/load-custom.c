// Loads a BPF object with BTF of its own choice, as programs do on kernels without BTF, and runs
// its first program.
// Usage: load-custom OBJECT BTF; an empty BTF for the one that libbpf finds.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count != 3) return 2;
  LIBBPF_OPTS(bpf_object_open_opts, open);
  if (*arguments[2]) open.btf_custom_path = arguments[2];
  struct bpf_object *object = bpf_object__open_file(arguments[1], &open);
  if (!object || bpf_object__load(object)) return 1;
  char packet[64] = {0};
  LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof packet);
  int program = bpf_program__fd(bpf_object__next_program(object, NULL));
  if (bpf_prog_test_run_opts(program, &run)) return 1;
  printf("returned %d, own %d\n", run.retval, getpid());
  return 0;
}
