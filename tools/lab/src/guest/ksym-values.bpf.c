// Reads variables of the kernel by their names and types, as any program of libbpf's kind does.
#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))

struct task_struct {
  int pid;
  char comm[16];
} __attribute__((preserve_access_index));

/** A struct, an array, an int and a static variable. */
extern const struct task_struct init_task __ksym;
extern const int sched_prio_to_weight[40] __ksym;
extern const int panic_timeout __ksym;
extern const int ngroups_max __ksym;

struct {
  int pid;
  int panic_timeout;
  int ngroups_max;
  char comm[16];
  int weights[40];
} values;

SEC("tc")
int read_values(void *context) {
  values.pid = init_task.pid;
  values.panic_timeout = panic_timeout;
  values.ngroups_max = ngroups_max;
  for (int i = 0; i < 16; i++) values.comm[i] = init_task.comm[i];
  for (int i = 0; i < 40; i++) values.weights[i] = sched_prio_to_weight[i];
  return 0;
}

char _license[] SEC("license") = "GPL";
