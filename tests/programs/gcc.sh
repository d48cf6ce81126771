# SPDX-License-Identifier: MIT
# The gcc driver vforks cc1, as and collect2, which vforks ld: separate, piped and whole compilations, an archive, a shared library, LTO, an error.
# needs: gcc=gcc ar=binutils
# prints: linked 55
# prints: shared 55
# prints: lto 55
# prints: error 1
# prints: returned 42
for i in 1 2 3 4 5 6 7 8 9 10; do echo "int f$i(void) { return $i; }" >f$i.c; sum="$sum + f$i()"; echo "int f$i(void);" >>f.h; done
printf '#include <stdio.h>\n#include "f.h"\nint main(void) { printf("%%d\\n", 0%s); return 0; }\n' "$sum" >main.c
for i in 1 2 3 4 5 6 7 8 9 10; do gcc -O2 -c f$i.c || exit; done
ar rc libf.a f*.o && gcc -pipe -o linked main.c libf.a && echo "linked $(./linked)"
gcc -fPIC -shared -o libg.so f*.c && gcc -o shared main.c ./libg.so && echo "shared $(./shared)"
gcc -O2 -flto=2 -o lto main.c f*.c 2>/dev/null && echo "lto $(./lto)"
echo 'int main(void) { return }' | gcc -x c - 2>/dev/null; echo "error $?"
echo 'int main(void) { return 42; }' | gcc -x c -save-temps -o forty-two - && ./forty-two; echo "returned $?"
