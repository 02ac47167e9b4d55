// Loads a BPF object with BTF of its own choice, as programs do on kernels without BTF, and runs
// its first program.
// Usage: load-custom OBJECT BTF [NUMBER...]; an empty BTF for the one that libbpf finds. The numbers
// are the object's constants.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int set_constants(struct bpf_object *object, int count, char **numbers) {
  long values[8] = {0};
  for (int i = 0; i < count && i < 8; i++) values[i] = strtoull(numbers[i], NULL, 0);
  struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
  return bpf_map__set_initial_value(map, values, count * sizeof *values);
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  LIBBPF_OPTS(bpf_object_open_opts, open);
  if (*arguments[2]) open.btf_custom_path = arguments[2];
  struct bpf_object *object = bpf_object__open_file(arguments[1], &open);
  if (!object) return 1;
  if (count > 3 && set_constants(object, count - 3, arguments + 3)) return 1;
  if (bpf_object__load(object)) return 1;
  char packet[64] = {0};
  LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof packet);
  int program = bpf_program__fd(bpf_object__next_program(object, NULL));
  if (bpf_prog_test_run_opts(program, &run)) return 1;
  printf("returned %d, own %d\n", run.retval, getpid());
  return 0;
}
