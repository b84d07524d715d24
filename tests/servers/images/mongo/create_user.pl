# Creates the first user, whom mongod takes from a client on its own machine as long as there is none.
# Speaks the wire protocol (OP_MSG, 2013) because the image has no shell of MongoDB's, and Debian's base has Perl.
use strict;
use warnings;
use IO::Socket::INET;

sub document { my $body = join '', @_; return pack('V', 5 + length $body) . $body . "\0" }
sub text { my ($name, $value) = @_; return "\x02$name\0" . pack('V/a*', "$value\0") }

my $command = document(
  text(createUser => $ENV{MONGO_INITDB_ROOT_USERNAME}),
  text(pwd => $ENV{MONGO_INITDB_ROOT_PASSWORD}),
  "\x04roles\0" . document("\x030\0" . document(text(role => 'root'), text(db => 'admin'))),
  text('$db' => 'admin'),
);
my $message = pack('V', 0) . "\0" . $command;

my $server;
for (1 .. 600) {
  last if $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1:27017');
  select undef, undef, undef, 0.1;
}
die "mongod does not listen\n" unless $server;
print $server pack('V4', 16 + length $message, 1, 0, 2013), $message;
sysread $server, my $reply, 65_536;
die "mongod did not create the user\n" unless index($reply, "\x01ok\0" . pack('d<', 1)) >= 0;
