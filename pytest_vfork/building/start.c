// SPDX-License-Identifier: MIT
/*
 * Where a program begins that tcc has linked (quick.py): what crt1.o does (glibc, sysdeps/x86_64/start.S). A machine
 * without a compiler has no crt1.o.
 */
int main(int argc, char **argv, char **environment);
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"		/* the outermost frame */
	"mov %rsp, %rdi\n\t"
	"mov %rdx, %rsi\n\t"		/* what ld.so wants to be called at the end */
	"and $-16, %rsp\n\t"
	"call begin\n");

void begin(long *stack, void (*at_end)(void))
{
	__libc_start_main(main, *stack, (char **)(stack + 1), 0, 0, at_end, stack);
}
