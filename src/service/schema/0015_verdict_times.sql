-- How long verdicts took, in tenths of a second, counted by hour: for their median within the last day.
CREATE TABLE verdict_times (
  hour INTEGER NOT NULL,
  tenths INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (hour, tenths)
) STRICT;
