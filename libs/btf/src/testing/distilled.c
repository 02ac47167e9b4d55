#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return vfprintf(stderr, format, args);
}

static int save(const struct btf *btf, const char *path)
{
	unsigned size;
	const void *bytes = btf__raw_data(btf, &size);
	FILE *output = fopen(path, "w");
	return !output || fwrite(bytes, 1, size, output) != size || fclose(output);
}

/*
 * distill BASE SPLIT NEW_BASE NEW_SPLIT
 * relocate DISTILLED SPLIT BASE OUTPUT
 * Exit status: 0 done, 1 an input is refused, 2 it is not done, 3 output.
 */
int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	puts(libbpf_version_string());
	if (argc != 6) return 3;
	struct btf *base = btf__parse(argv[2], NULL);
	if (libbpf_get_error(base)) return 1;
	struct btf *split = btf__parse_split(argv[3], base);
	if (libbpf_get_error(split)) return 1;
	if (!strcmp(argv[1], "distill")) {
		struct btf *new_base, *new_split;
		if (btf__distill_base(split, &new_base, &new_split)) return 2;
		return save(new_base, argv[4]) || save(new_split, argv[5]) ? 3 : 0;
	}
	struct btf *kernel = btf__parse(argv[4], NULL);
	if (libbpf_get_error(kernel)) return 1;
	if (btf__relocate(split, kernel)) return 2;
	return save(split, argv[5]) ? 3 : 0;
}
