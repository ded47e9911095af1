use strict;
use warnings;

sub main {
    my ($args) = @_;
    my $name = $args->{name} // 'stranger';
    print "called as $ENV{__OW_ACTION_NAME}\n" if $ENV{__OW_ACTION_NAME};
    return { greeting => "Hello, $name!" };
}

1;
