// SPDX-License-Identifier: MIT
/* A static image that says how it was started, by names, scripts and environments that are as long or as odd as Linux lets them be. */
#include "hostile.h"

#include <elf.h>
#include <sys/stat.h>

/* Writes its arguments, its environment and AT_EXECFN, a line each. */
extern const char image[], image_end[];
__asm__(".pushsection .rodata\n"
	"image:\n"
	"	lea 8(%rsp), %rbx\n"
	"1:	mov (%rbx), %rsi\n"
	"	add $8, %rbx\n"
	"	test %rsi, %rsi\n"
	"	jz 2f\n"
	"	call 5f\n"
	"	jmp 1b\n"
	"2:	mov (%rbx), %rsi\n"
	"	add $8, %rbx\n"
	"	test %rsi, %rsi\n"
	"	jz 3f\n"
	"	call 5f\n"
	"	jmp 2b\n"
	"3:	mov (%rbx), %rax\n"
	"	add $16, %rbx\n"
	"	cmp $31, %rax\n"
	"	jne 3b\n"
	"	mov -8(%rbx), %rsi\n"
	"	call 5f\n"
	"	xor %edi, %edi\n"
	"	mov $60, %eax\n"
	"	syscall\n"
	"5:	xor %edx, %edx\n"
	"6:	cmpb $0, (%rsi,%rdx)\n"
	"	je 7f\n"
	"	inc %rdx\n"
	"	jmp 6b\n"
	"7:	mov $1, %edi\n"
	"	mov $1, %eax\n"
	"	syscall\n"
	"	lea 8f(%rip), %rsi\n"
	"	mov $1, %edx\n"
	"	mov $1, %edi\n"
	"	mov $1, %eax\n"
	"	syscall\n"
	"	ret\n"
	"8:	.ascii \"\\n\"\n"
	"image_end:\n"
	"	.popsection\n");

static void put(const char *name, const void *head, size_t head_size, const void *rest, size_t rest_size)
{
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (write(file, head, head_size) != (ssize_t)head_size || write(file, rest, rest_size) != (ssize_t)rest_size || close(file))
		exit(1);
}

static void put_image(const char *name)
{
	const size_t size = (size_t)(image_end - image);
	struct {
		Elf64_Ehdr file;
		Elf64_Phdr part;
	} head = {
		.file = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_X86_64,
			  .e_version = EV_CURRENT, .e_entry = 0x400000 + sizeof(head), .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 },
		.part = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_paddr = 0x400000, .p_filesz = sizeof(head) + size,
			  .p_memsz = sizeof(head) + size, .p_align = 4096 },
	};

	put(name, &head, sizeof(head), image, size);
}

static void start(const char *what, int folder, const char *path, char **argv, char **env)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_execveat, folder, path, argv, env, 0);
		say("error", errno);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

static char *two[] = { (char *)"zero", (char *)"one", NULL }, *none[] = { NULL };

/* "#!", `spaces`, `name`, and `filler` up to a size, then `end`. */
static void script(const char *what, int spaces, const char *name, char filler, size_t size, const char *end)
{
	char line[600];
	size_t at = (size_t)snprintf(line, sizeof(line), "#!%*s%s", spaces, "", name);

	if (at < size) {
		memset(line + at, filler, size - at);
		at = size;
	}
	put("script", line, at, end, strlen(end));
	start(what, AT_FDCWD, "./script", two, none);
}

static void scripts(const char *name)
{
	char with_space[64], with_word[64], odd[] = "#!./image word\0more\n";

	snprintf(with_space, sizeof(with_space), "%s ", name);
	snprintf(with_word, sizeof(with_word), "%s word", name);
	script("word of 300", 0, with_space, 'a', 300, "\n");
	script("word up to 254", 0, with_space, 'a', 254, "\n");
	script("word up to 255", 0, with_space, 'a', 255, "\n");
	script("word up to 256", 0, with_space, 'a', 256, "\n");
	script("spaces up to 300", 0, with_word, ' ', 300, "x\n");
	script("spaces up to 254, no newline", 0, with_word, ' ', 254, "");
	script("two spaces, no newline", 0, with_word, ' ', strlen(with_word) + 4, "");
	script("no newline", 0, with_word, 0, 0, "");
	script("name cut off", 0, "./", 'n', 300, "\n");
	script("spaces before a name that ends at 254", 254 - 2 - (int)strlen(name), name, 0, 0, "\n");
	script("at 255", 255 - 2 - (int)strlen(name), name, 0, 0, "\n");
	script("at 255, a space", 255 - 2 - (int)strlen(name), with_space, 0, 0, "\n");
	script("at 256", 256 - 2 - (int)strlen(name), name, 0, 0, "\n");
	script("at 257", 257 - 2 - (int)strlen(name), name, 0, 0, "\n");
	script("all spaces", 300, name, 0, 0, "\n");
	script("nothing", 0, "", ' ', 20, "\n");
	put("script", odd, sizeof(odd) - 1, "", 0);
	start("a zero in the line", AT_FDCWD, "./script", two, none);
}

static void arguments(void)
{
	char *bad_first[] = { (char *)8, (char *)"one", NULL }, *bad_second[] = { (char *)"zero", (char *)8, NULL };

	put("script", "#!./image\n", 10, "", 0);
	start("arguments that cannot be read", AT_FDCWD, "./script", (char **)8, none);
	start("first argument", AT_FDCWD, "./script", bad_first, none);
	start("second argument", AT_FDCWD, "./script", bad_second, none);
	start("no arguments", AT_FDCWD, "./script", NULL, none);
	start("none at all", AT_FDCWD, "./script", none, none);
	start("environment that cannot be read", AT_FDCWD, "./script", two, (char **)8);
}

int main(void)
{
	char folder[] = "/tmp/hostile.XXXXXX", path[4096] = "";
	char *own[] = { (char *)"VFORK_SHIM_IMAGE=5:/bin/true", (char *)"A=b", (char *)"VFORK_SHIM_IMAGE=6:", NULL };
	int directory, i;

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	put_image("image");
	directory = dup2(open(".", O_RDONLY | O_DIRECTORY), 100);
	for (i = 0; i < 2045; i++)
		memcpy(path + 2 * i, "./", 2);
	strcpy(path + 2 * i, "image");
	start("the longest name", directory, path, two, none);
	start("its own variable", AT_FDCWD, "./image", two, own);
	start("and of a script's", AT_FDCWD, "./image", none, own + 1);
	scripts("./image");
	if (symlink("/bin/echo", "echo"))
		return 1;
	scripts("./echo");
	arguments();
	unlink("image");
	unlink("echo");
	unlink("script");
	return chdir("/") || rmdir(folder);
}
