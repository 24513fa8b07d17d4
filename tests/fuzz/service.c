/*
 * The whole dialogue of the service with a user.  The first two bytes of the input choose settings and limits; ends.h says what
 * follows.
 *
 * Whatever the user and the smarthost send: each message has the user's sender, the limits hold, and a message that was accepted
 * is at the smarthost or in the queue, under the uid of the user.
 */
#include "ends.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "queue/spool.h"
#include "server/dialogue.h"

enum { UID = 1000 };

static char dir[64], queue[80], conf[80]; /* a directory of this process, and the queue and the configuration in it */

/* ---- the queue ----------------------------------------------------------------------------------- */

static void empty_queue(void)
{
	DIR *d = opendir(queue);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			(void)!unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
}

static void leave(void)
{
	empty_queue();
	rmdir(queue);
	unlink(conf);
	rmdir(dir);
}

/* In memory, where it can be, since each message is synced. */
static void make_directory(void)
{
	if (dir[0] != '\0')
		return;
	snprintf(dir, sizeof dir, "%s/postern-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(dir) != NULL);
	snprintf(queue, sizeof queue, "%s/queue", dir);
	snprintf(conf, sizeof conf, "%s/conf", dir);
	MUST(mkdir(queue, 0700) == 0 && atexit(leave) == 0);
}

/* Its envelope says whose the message is. */
static bool is_own(const char *id)
{
	char path[128], text[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", queue, id);
	f = fopen(path, "r");
	MUST(f != NULL);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, "\nuid 1000\n") != NULL;
}

/* How many messages are there?  All of them must be the user's. */
static size_t kept(void)
{
	struct strlist ids = { 0 }, strangers = { 0 };
	struct spool s;
	struct err e;
	size_t n;

	MUST(spool_open(&s, queue, false, &e) && spool_list(&s, &ids, &strangers, &e) && strangers.n == 0);
	for (n = 0; n < ids.n; n++)
		MUST(is_own(ids.items[n]));
	strlist_free(&ids);
	strlist_free(&strangers);
	spool_close(&s);
	return n;
}

/* ---- together ------------------------------------------------------------------------------------ */

/* The configuration is a file, since nothing is kept with settings of the command line. */
static void write_conf(uint8_t bits)
{
	static const char *const some[] = {
		"protocol lmtp", "require_all_recipients on", "always_bcc archive@example.org a@example.org", "smtputf8 off",
		"set_from_header on", "set_received_header on",
	};
	int fd = open(conf, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0);
	dprintf(fd, "host localhost\nport 25\ntls off\nauth off\ndomain client.example\nfrom me@example.org\n"
		    "qualify_domain home.example\nlocal_recipients a@example.org b@example.org\nsender_map alice:alice@example.org\n"
		    "queue_directory %s\n", queue);
	for (size_t i = 0; i < COUNT(some); i++)
		if ((bits >> i & 1) != 0)
			dprintf(fd, "%s\n", some[i]);
	if ((bits >> 6) != 0)
		dprintf(fd, "queue %s\n", bits >> 6 == 3 ? "always" : "on");
	close(fd);
}

static void converse(struct server *p, bool queues, struct service *s, int in, int out)
{
	struct options o = { .mode = MODE_DIALOGUE, .config_file = conf };
	struct err e = { .stage = ST_USAGE };
	static struct sender who;
	static struct smarthost to;
	struct told t;
	char *replies;
	size_t n;

	to = (struct smarthost){ .reach = server_reach, .reach_ctx = p };
	sender_begin(&who, &o);
	who.peer = &s->peer;
	MUST(sender_load(&who, &e) && sender_choose(&who, NULL, &e));
	MUST(dialogue(&who, &to, s, in, out, NULL, &e) || err_exit_status(&e) != 0);
	smarthost_free(&to);
	sender_free(&who);
	replies = read_back(out);
	t = hear(in, replies, p, queues);
	n = kept();
	MUST(t.mails <= s->messages);
	MUST(p->messages <= t.texts);
	MUST(t.accepted <= p->accepted + n);             /* what the user was told is accepted, the server or the queue has */
	MUST(n <= 2 * t.accepted && (queues || n == 0)); /* and what the queue has is accepted, or reports that it was passed on */
	MUST(p->accepted <= t.accepted + t.perhaps);
	free(replies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server p;
	struct service s;
	int in, out;

	if (size < 2)
		return 0;
	make_directory();
	empty_queue();
	write_conf(data[0]);
	service_begin(&s);
	s.peer = (struct peer){ .uid = UID };
	snprintf(s.peer.login, sizeof s.peer.login, "%s", (data[1] & 1) != 0 ? "alice" : (data[1] & 2) != 0 ? "b o\"b" : "");
	s.messages = (data[1] & 4) != 0 ? 2 : s.messages;
	s.recipients = (data[1] & 8) != 0 ? 3 : s.recipients;
	s.bytes = (data[1] & 16) != 0 ? 20 : s.bytes;
	in = cut_input(data, size, 2, &p);
	out = memfd_create("replies", 0);
	MUST(out >= 0);
	p.lmtp = (data[0] & 1) != 0;
	p.sender = (data[1] & 1) != 0 ? "alice@example.org" : "me@example.org";
	converse(&p, data[0] >> 6 != 0, &s, in, out);
	service_end(&s);
	close(in);
	close(out);
	return 0;
}
