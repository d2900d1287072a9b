// SPDX-License-Identifier: Apache-2.0
// console_text SOCKET: waits up to 10 s for a console's socket and copies what comes from it, until it closes.
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char** argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
    {
        fputs("console_text: which socket?\n", stderr);
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    const int console = socket(AF_UNIX, SOCK_STREAM, 0);
    for (int tries = 0; connect(console, (const struct sockaddr*)&address, sizeof address) != 0; ++tries)
    {
        if (tries == 1000)
        {
            perror("console_text: connect");
            return 1;
        }
        usleep(10000);
    }
    char text[4096];
    for (ssize_t size; (size = read(console, text, sizeof text)) > 0;)
    {
        if (write(STDOUT_FILENO, text, (size_t)size) != size)
        {
            return 1;
        }
    }
    return 0;
}
