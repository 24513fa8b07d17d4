// provider.js - a provider of OAuth2 that answers as a test says, over TLS or plainly, and writes down what it was asked.
//
//	node provider.js DIR CERT KEY	(PEM files; CERT "-": plain HTTP)
//
// Prints "port N" when it listens on 127.0.0.1, and ends with its standard input.  DIR/answers.json is read for each request:
//
//	{ "/token": [ { "status": 503 }, { "json": { "access_token": "abc" } } ] }
//
// The first request of a path gets the first answer, and so on; the last one stays.  A path without a row gets 404.  An answer:
//
//	status	200 unless given		json	the body, as JSON		body	the body, as text
//	size	the body is as many letters	type	application/json unless given	headers	more header fields
//	wait	milliseconds before it
//	how	"whole" (unless given), "chunked", "cut" (TLS ends in the middle of the body), "short" (the body is shorter than its
//		Content-Length), "none" (the connection ends), "late" (there is no answer), "drip" (a byte each 200 ms),
//		"big head" (1 MB of fields), "old" (HTTP/1.0), "continue" (100 before), "raw" (the body is all that is sent)
//
// %PORT% in an answer becomes the port.  DIR/requests gets a line for each request: {"path", "method", "type", "authorization",
// "accept", "agent", "form" (decoded) or "body"}.  CONNECT HOST:PORT is the row "CONNECT": without one, the server is a proxy.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const path = require('path');

const [dir, cert, key] = process.argv.slice(2);
const asked = {};
let port;

function next(at) {
	const text = fs.readFileSync(path.join(dir, 'answers.json'), 'utf8').replaceAll('%PORT%', port);
	const row = JSON.parse(text)[at];
	if (row === undefined)
		return undefined;
	const n = asked[at] = (asked[at] ?? 0) + 1;
	return row[Math.min(n, row.length) - 1];
}

function note(req, body) {
	const type = req.headers['content-type'];
	const form = type === 'application/x-www-form-urlencoded';
	fs.appendFileSync(path.join(dir, 'requests'), JSON.stringify({
		path: req.url, method: req.method, type, authorization: req.headers.authorization, accept: req.headers.accept,
		agent: req.headers['user-agent'], [form ? 'form' : 'body']: form ? Object.fromEntries(new URLSearchParams(body)) : body,
	}) + '\n');
}

function head(a, body, length) {
	const fields = { 'Content-Type': a.type ?? 'application/json', ...length, ...a.headers };
	const version = a.how === 'old' ? 'HTTP/1.0' : 'HTTP/1.1';
	return `${version} ${a.status ?? 200} X\r\n` + Object.entries(fields).map(([k, v]) => `${k}: ${v}\r\n`).join('')
		+ (a.how === 'big head' ? `X-Long: ${'a'.repeat(1000)}\r\n`.repeat(1000) : '') + '\r\n';
}

function drip(socket, text) {
	let i = 0;
	const timer = setInterval(() => {
		if (i < text.length && !socket.destroyed)
			socket.write(text[i++]);
		else
			clearInterval(timer);
	}, 200);
}

function answer(socket, a) {
	const body = a.json !== undefined ? JSON.stringify(a.json) : a.size !== undefined ? 'a'.repeat(a.size) : a.body ?? '';
	const length = { 'Content-Length': Buffer.byteLength(body) };
	const half = body.slice(0, body.length / 2);

	switch (a.how ?? 'whole') {
	case 'late': return;
	case 'none': socket.destroy(); return;
	case 'raw': socket.end(body); return;
	case 'drip': drip(socket, head(a, body, length) + body); return;
	case 'cut': socket.write(head(a, body, length) + half, () => setTimeout(() => (socket._parent ?? socket).destroy(), 50)); return;
	case 'short': socket.end(head(a, body, length) + half); return;
	case 'old': socket.end(head(a, body, {}) + body); return;
	case 'continue': socket.end('HTTP/1.1 100 Continue\r\n\r\n' + head(a, body, length) + body); return;
	case 'chunked':
		socket.end(head(a, body, { 'Transfer-Encoding': 'chunked' })
			+ (body.match(/[^]{1,1000}/g) ?? []).map((c) => `${Buffer.byteLength(c).toString(16)}\r\n${c}\r\n`).join('')
			+ '0\r\n\r\n');
		return;
	default: socket.end(head(a, body, { ...length, Connection: 'close' }) + body);
	}
}

function serve(req) {
	let body = '';
	req.setEncoding('utf8');
	req.on('data', (text) => { body += text; });
	req.on('end', () => {
		note(req, body);
		const a = next(req.url.split('?')[0]) ?? { status: 404, type: 'text/html', body: '<html>no such page</html>' };
		setTimeout(() => answer(req.socket, a), a.wait ?? 0);
	});
}

// a proxy: RFC 9110 9.3.6
function tunnel(req, socket) {
	note(req, '');
	socket.on('error', () => {});
	const a = next('CONNECT');
	if (a !== undefined) {
		answer(socket, a);
		return;
	}
	const [host, to] = req.url.split(':');
	// a minimal system does not know the name localhost
	const out = net.connect(to, host === 'localhost' ? '127.0.0.1' : host, () => {
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		socket.pipe(out).pipe(socket);
	});
	out.on('error', () => socket.destroy());
}

const server = cert === '-' ? http.createServer(serve)
	: https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, serve);
server.on('connect', tunnel);
server.on('tlsClientError', () => {});
server.on('connection', (socket) => socket.on('error', () => {}));
server.on('secureConnection', (socket) => socket.on('error', () => {}));
server.listen(0, '127.0.0.1', () => {
	port = server.address().port;
	console.log(`port ${port}`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
