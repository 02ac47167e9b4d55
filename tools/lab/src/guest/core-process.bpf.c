// A CO-RE program: where `tgid` lies within a task is what the kernel's BTF says.
#define SEC(name) __attribute__((section(name), used))

struct task_struct {
  int tgid;
} __attribute__((preserve_access_index));

static void *(*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_probe_read_kernel)(void *to, unsigned size, const void *from) = (void *)113;

SEC("tc")
int own_process(void *context) {
  struct task_struct *task = bpf_get_current_task();
  int tgid = 0;
  bpf_probe_read_kernel(&tgid, sizeof tgid, __builtin_preserve_access_index(&task->tgid));
  return tgid;
}

char _license[] SEC("license") = "GPL";
