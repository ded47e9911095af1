#include <stdio.h>

/* The argument is JSON; the last line printed is the result. */
int main(int argc, char *argv[]) {
    puts("This is a log line of a C program.");
    printf("{ \"msg\": \"Hello from a C program!\", \"args\": %s }\n", argc > 1 ? argv[1] : "null");
    return 0;
}
