// What ical.js, the parser of Thunderbird and many web calendars, makes of a file; it parses strictly.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

ICAL.design.strict = true;
const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf-8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(zone);
}
const events = calendar.getAllSubcomponents("vevent").map((part) => {
  const event = new ICAL.Event(part);
  return [event.startDate.toICALString(), event.summary, part.getFirstPropertyValue("status")];
});
console.log(JSON.stringify(events));
