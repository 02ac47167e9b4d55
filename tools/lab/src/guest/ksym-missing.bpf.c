// Asks for one variable by a name that the compiler is given.
#define SEC(name) __attribute__((section(name), used))

extern const int VARIABLE __attribute__((section(".ksyms")));

SEC("tc")
int read_value(void *context) { return VARIABLE; }

char _license[] SEC("license") = "GPL";
